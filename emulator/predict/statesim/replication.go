package statesim

import (
	"fmt"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// Draw is the jobs that one seed draws for a load, with their clients: what its policies and models have in common.
type Draw struct {
	Jobs       []workload.Job
	seed       uint64
	affinities [][]placement.Affinity
	drawn      *placement.Draw
	sim        *Simulator
}

// Draw draws jobs from the pool: about the given number, or as many where the configuration's Draw is exact. It fails
// where the pool has fewer.
func (s *Simulator) Draw(jobs int, seed uint64) (*Draw, error) {
	chosen, err := s.config.Draw.Indexes(len(s.config.Pool), jobs, seed)
	if err != nil {
		return nil, fmt.Errorf("statesim: seed %d: %w", seed, err)
	}
	d := &Draw{
		Jobs: make([]workload.Job, len(chosen)), seed: seed, affinities: make([][]placement.Affinity, len(chosen)),
		drawn: s.allocator.Draw(len(chosen), seed), sim: s,
	}
	for i, of := range chosen {
		d.Jobs[i], d.affinities[i] = s.config.Pool[of], s.affinities[of]
		d.Jobs[i].Name = workload.Named(s.config.Pool, chosen, i)
	}
	return d, nil
}

// Replication is a draw, placed: what all models of a seed and policy have in common.
type Replication struct {
	Jobs      []workload.Job
	Placement *placement.Placement
	draw      *Draw
	policy    placement.Policy
	calls     *calls // of Placement
}

// Place places the draw's jobs.
func (d *Draw) Place(policy placement.Policy) (*Replication, error) {
	place, err := d.place(policy, nil)
	if err != nil {
		return nil, err
	}
	r := &Replication{Jobs: d.Jobs, Placement: place, draw: d, policy: policy}
	r.calls = r.newCalls(place)
	return r, nil
}

func (d *Draw) place(policy placement.Policy, carry func(*workload.Job, int) int64) (*placement.Placement, error) {
	place, err := d.sim.allocator.Place(d.Jobs, d.affinities, d.drawn, placement.Study{
		Policy: policy, Carry: carry, Idle: d.sim.config.Assumptions.Idle,
	})
	if err != nil {
		return nil, fmt.Errorf("statesim: seed %d, %s: %w", d.seed, policy, err)
	}
	return place, nil
}

// Replicate draws jobs from the pool and places them.
func (s *Simulator) Replicate(jobs int, seed uint64, policy placement.Policy) (*Replication, error) {
	draw, err := s.Draw(jobs, seed)
	if err != nil {
		return nil, err
	}
	return draw.Place(policy)
}

// calls are what the rows of several models have in common: by job, and by task in the order of the jobs.
type calls struct {
	place      *placement.Placement
	processing []float64 // s, of each job
	seconds    []float64 // of each task, its call without states there and back
	traffic    []int64   // the same, bytes times links
	needed     []int64   // of each task, bytes of the states on which it depends
}

func (r *Replication) newCalls(place *placement.Placement) *calls {
	s := r.draw.sim
	load := make([]int, len(s.allocator.Nodes()))
	for n, id := range s.allocator.Nodes() {
		load[n] = place.Load[id]
		if s.config.Assumptions.Alone {
			load[n] = min(load[n], 1)
		}
	}
	tasks := 0
	for i := range r.Jobs {
		tasks += len(r.Jobs[i].Tasks)
	}
	c := &calls{
		place: place, processing: make([]float64, len(r.Jobs)), seconds: make([]float64, 0, tasks),
		traffic: make([]int64, 0, tasks), needed: make([]int64, 0, tasks),
	}
	for i := range r.Jobs {
		e := evaluation{sim: s, job: &r.Jobs[i], client: place.Client[i], nodes: place.Node[i]}
		c.processing[i] = e.processing(load)
		for t := range e.job.Tasks {
			seconds, traffic := e.exchange(e.client, e.nodes[t], e.job.Tasks[t].Argument, e.output(t))
			c.seconds, c.traffic = append(c.seconds, seconds), append(c.traffic, traffic)
			c.needed = append(c.needed, e.job.StateBytes(e.job.Tasks[t].States))
		}
	}
	return c
}

// callsOf are those of a model, which has a placement of its own where the allocator counts its own states.
func (r *Replication) callsOf(m plan.Model) (*calls, error) {
	carry := carries[m]
	if !r.draw.sim.config.Assumptions.OwnStates || carry == nil {
		return r.calls, nil
	}
	place, err := r.draw.place(r.policy, carry)
	if err != nil {
		return nil, err
	}
	return r.newCalls(place), nil
}

// Rows evaluates the replication under a model, one row a job.
func (r *Replication) Rows(m plan.Model) ([]Row, error) {
	evaluate, ok := models[m]
	if !ok {
		return nil, fmt.Errorf("statesim: unknown execution model %q; write one of %v", m, plan.Models)
	}
	of, err := r.callsOf(m)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(r.Jobs))
	e, first := evaluation{sim: r.draw.sim}, 0
	for i := range r.Jobs {
		e.job, e.client, e.nodes = &r.Jobs[i], of.place.Client[i], of.place.Node[i]
		past := first + len(e.job.Tasks)
		e.seconds, e.bytes, e.needed = of.seconds[first:past], of.traffic[first:past], of.needed[first:past]
		e.row = Row{Processing: of.processing[i], Length: e.job.Length()}
		evaluate(&e)
		rows[i], first = e.row, past
	}
	return rows, nil
}

// Loads is the number of tasks that a model has placed on each node, in the order of names.
func (r *Replication) Loads(m plan.Model) ([]int, error) {
	of, err := r.callsOf(m)
	if err != nil {
		return nil, err
	}
	nodes := r.draw.sim.allocator.Nodes()
	loads := make([]int, len(nodes))
	for n, id := range nodes {
		loads[n] = of.place.Load[id]
	}
	return loads, nil
}

// carries are the bytes of state that a model's calls carry each way; models that are not among them carry all of the
// job's, as the allocator takes for granted.
var carries = map[plan.Model]func(job *workload.Job, task int) int64{
	plan.External: nothing, plan.InEdge: nothing, plan.InFunction: nothing, plan.StateLocal: nothing,
	plan.InClient: func(job *workload.Job, task int) int64 { return job.StateBytes(job.Tasks[task].States) },
}

func nothing(*workload.Job, int) int64 { return 0 }

// store is where in-edge keeps a client's states.
func (s *Simulator) store(client topology.ID) topology.ID {
	if at, own := s.stores[client]; own {
		return at
	}
	return s.central
}

// toCloud is the number of links between a host and the cloud.
func (s *Simulator) toCloud(host topology.ID) int64 {
	if s.cloudLinks == nil {
		return 1
	}
	return s.cloudLinks[host]
}
