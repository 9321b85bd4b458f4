package placement

import (
	"fmt"
	"slices"

	"testbed/emulator/internal/minstd"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// Draw is what a seed draws before jobs are placed, the same for all policies.
type Draw struct {
	client []int32 // client[job]: index into the allocator's clients
	order  []int   // of the jobs' placement
}

// Draw draws a client for each of so many jobs, and the order in which they are placed.
func (a *Allocator) Draw(jobs int, seed uint64) *Draw {
	engine := minstd.New(seed)
	d := &Draw{client: make([]int32, jobs)}
	for i := range d.client {
		d.client[i] = int32(engine.Intn(len(a.clients)))
	}
	d.order = drawOrder(engine, jobs)
	return d
}

// clientsOf are the jobs' own clients, or those drawn: indexes into the allocator's clients. It fails where a job's own
// is none of these.
func (a *Allocator) clientsOf(jobs []workload.Job, d *Draw) ([]int32, error) {
	clients := d.client
	for i := range jobs {
		name := jobs[i].Client
		if name == "" {
			continue
		}
		id, _ := a.topology.Lookup(name)
		at := slices.Index(a.clients, id)
		if at < 0 {
			return nil, fmt.Errorf("placement: job %s: %w: its client %s is not one of the clients",
				jobs[i].Name, ErrNoNodes, name)
		}
		if &clients[0] == &d.client[0] {
			clients = slices.Clone(clients) // the draw serves several placements
		}
		clients[i] = int32(at)
	}
	return clients, nil
}

// nodesOf are the vertices of clients.
func (a *Allocator) nodesOf(clients []int32) []topology.ID {
	ids := make([]topology.ID, len(clients))
	for i, c := range clients {
		ids[i] = a.clients[c]
	}
	return ids
}

// drawOrder draws a permutation of n: again and again, one of those that remain, in ascending order.
func drawOrder(engine *minstd.Engine, n int) []int {
	remaining := newRanks(n)
	order := make([]int, n)
	for i := range order {
		order[i] = remaining.take(int(engine.Real(0, 1) * float64(n-i)))
	}
	return order
}

// Study says how the study's policies are carried out.
type Study struct {
	Policy Policy
	// Carry gives the bytes of state that a task's call is taken to carry each way; nil: those of all of its job's
	// states, whatever the execution model.
	Carry func(job *workload.Job, task int) int64
	// Idle has every task find the nodes without load, as where each is over before the next begins.
	Idle bool
}

// Place places all tasks of jobs in a drawn order. Affinities[job][task] are those of the tasks' functions.
func (a *Allocator) Place(jobs []workload.Job, affinities [][]Affinity, d *Draw, s Study) (*Placement, error) {
	r := newRun(a, s.Policy.rule(s.Policy == LoadNet))
	r.carry, r.idle = s.Carry, s.Idle
	return r.place(jobs, affinities, d)
}

// AffinitiesOf are the affinities of the jobs' tasks, by those of their functions.
func AffinitiesOf(jobs []workload.Job, functions map[string]Affinity) [][]Affinity {
	all := make([][]Affinity, len(jobs))
	for i := range jobs {
		all[i] = make([]Affinity, len(jobs[i].Tasks))
		for t := range jobs[i].Tasks {
			all[i][t] = functions[jobs[i].Tasks[t].Function]
		}
	}
	return all
}
