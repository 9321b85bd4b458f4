package plan_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// A state that outlives jobs is at one place for all jobs of its client, whatever they are; and what a program writes
// is at one place, so that it can be one transaction.
func TestPlacesOfStates(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 64))
		several := &plan.Repositories{Nodes: named(2 + r.IntN(5)), Replicas: 1 + r.IntN(2)}
		if seed%3 == 0 {
			several.Delay = func(client, node topology.ID) float64 { return float64((int(client)*7 + int(node)*5) % 4) }
		}
		jobs := make([]workload.Job, 6)
		place := &placement.Placement{}
		for i := range jobs {
			jobs[i] = jobOfStates(r, i)
			place.Client = append(place.Client, topology.ID(r.IntN(2)))
			nodes := make([]topology.ID, len(jobs[i].Tasks))
			for k := range nodes {
				nodes[k] = topology.ID(r.IntN(3))
			}
			place.Node = append(place.Node, nodes)
		}
		where := map[plan.Lasting]string{}
		for i := range jobs {
			sites := plan.Sites{Central: 1, Cloud: 9, Repositories: several}
			p := rule(plan.InEdge).Build(jobs, i, place, sites, plan.ByWorker)
			for _, inv := range p.Invocations {
				for _, a := range inv.States {
					at := fmt.Sprint(a.Keepers())
					if first := fmt.Sprint(inv.States[0].Keepers()); inv.Program && at != first {
						t.Fatalf("seed %d, job %d: a program's states are at %s and %s", seed, i, first, at)
					}
					of := p.Outlives(a.State)
					if known := where[of]; of.Name != "" && known != "" && known != at {
						t.Fatalf("seed %d, job %d: %s of client %d is at %s and at %s", seed, i, of.Name, of.Client, known, at)
					}
					if where[of] = at; len(a.Keepers()) != several.Replicas {
						t.Fatalf("seed %d: %d replicas, want %d", seed, len(a.Keepers()), several.Replicas)
					}
				}
			}
		}
	}
}

// jobOfStates is a chain of which each function uses some of the job's states, the first few of which may outlive it.
func jobOfStates(r *rand.Rand, index int) workload.Job {
	job := workload.Job{Name: fmt.Sprintf("j_%d", index)}
	for i := range 1 + r.IntN(4) {
		job.States = append(job.States, 10)
		name := ""
		if r.IntN(2) == 0 {
			name = fmt.Sprintf("shared_%d", i)
		}
		job.Lasting = append(job.Lasting, name)
	}
	program := r.IntN(2) == 0
	for i := range 1 + r.IntN(4) {
		task := workload.Task{Function: "f", Program: program}
		if i > 0 {
			task.After = []int{i - 1}
		}
		for s := range job.States {
			if r.IntN(2) == 0 {
				task.States = append(task.States, s)
			}
		}
		job.Tasks = append(job.Tasks, task)
	}
	return job
}
