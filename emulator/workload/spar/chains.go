package spar

import (
	"fmt"
	"math"
	"slices"

	"testbed/emulator/internal/minstd"
	"testbed/emulator/workload"
)

// Chains turns the trace's jobs into stateful chains, as the study does: the chain is what a
// depth-first visit reaches from the first task along the dependencies, executed in ascending order of
// task numbers, and every task outside the chain on which one inside depends becomes a state. Jobs
// without a state are left out. Each task draws its function from one engine that runs through all jobs.
func Chains(trace *Trace, opts workload.Options) []workload.Job {
	engine := minstd.New(opts.Seed)
	functions := float64(max(opts.Functions, 1))
	var jobs []workload.Job
	for i := range trace.Jobs {
		job, ok := newDAG(&trace.Jobs[i]).stateful(opts.Factors)
		if !ok {
			continue
		}
		for t := range job.Tasks {
			job.Tasks[t].Function = workload.FunctionName(int(math.Floor(engine.Real(0, functions))))
		}
		jobs = append(jobs, job)
	}
	return jobs
}

// Chains is Chains of the trace.
func (t *Trace) Chains(opts workload.Options) []workload.Job { return Chains(t, opts) }

// dag is a job with its tasks, and those that they wait for, in ascending order of their numbers; the first is
// number 1. A number that no row defines is a task without precedences, operations and size: it can still be a
// state. Numbers that do not occur take no room, so that a job takes as much as its rows do.
type dag struct {
	job     *Job
	numbers []int // of the tasks
	tasks   []Task
	after   [][]int // after[task]: its precedences, by index
	next    [][]int // next[task]: the tasks that wait for it, ascending
}

func newDAG(job *Job) *dag {
	numbers := []int{1}
	for _, t := range job.Tasks {
		numbers = append(append(numbers, t.Number), t.Precedences...)
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	n := len(numbers)
	d := &dag{job: job, numbers: numbers, tasks: make([]Task, n), after: make([][]int, n), next: make([][]int, n)}
	for _, t := range job.Tasks {
		at, _ := slices.BinarySearch(numbers, t.Number)
		d.tasks[at] = t
		for _, p := range t.Precedences {
			before, _ := slices.BinarySearch(numbers, p)
			d.after[at] = append(d.after[at], before)
		}
	}
	for i, after := range d.after {
		for _, p := range after {
			if n := d.next[p]; len(n) == 0 || n[len(n)-1] != i {
				d.next[p] = append(n, i)
			}
		}
	}
	return d
}

// chain marks the tasks that are reached from the first one. The order of the visit does not matter,
// for the chain executes in ascending order.
func (d *dag) chain() []bool {
	in := make([]bool, len(d.tasks))
	in[0] = true
	for todo := []int{0}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, n := range d.next[at] {
			if !in[n] {
				in[n] = true
				todo = append(todo, n)
			}
		}
	}
	return in
}

// stateful makes the job's chain; ok is false where no task depends on a state.
func (d *dag) stateful(f workload.Factors) (job workload.Job, ok bool) {
	in := d.chain()
	states := map[int]int{} // number of a task outside the chain: index of its state
	needed := make([]bool, len(d.tasks))
	for i := range d.tasks {
		if in[i] {
			for _, p := range d.after[i] {
				needed[p] = needed[p] || !in[p]
			}
		}
	}
	job = workload.Job{Name: fmt.Sprintf("j_%d", d.job.Number), Arrival: d.job.Arrival}
	for i, t := range d.tasks {
		if needed[i] {
			states[i] = len(job.States)
			job.States = append(job.States, scale(f.State, t.Mem))
		}
	}
	if len(job.States) == 0 {
		return job, false
	}
	for i, t := range d.tasks {
		if in[i] {
			job.Tasks = append(job.Tasks, d.task(i, t, f, len(job.Tasks), states))
		}
	}
	job.Result = job.Tasks[0].Argument
	return job, true
}

func (d *dag) task(i int, t Task, f workload.Factors, position int, states map[int]int) workload.Task {
	name := t.Name
	if name == "" {
		name = fmt.Sprintf("M%d", d.numbers[i]) // referred to, but defined by no row
	}
	task := workload.Task{
		Name: name, Ops: round(t.Duration * t.CPU / 100 * f.Ops), Argument: scale(f.Argument, t.Mem),
	}
	if position > 0 {
		task.After = []int{position - 1}
	}
	for _, p := range d.after[i] {
		if s, is := states[p]; is {
			task.States = append(task.States, s)
		}
	}
	slices.Sort(task.States)
	task.States = slices.Compact(task.States)
	return task
}

func scale(factor, mem float64) int64 { return round(factor * mem) }

// round rounds half up, as the simulator does; math.Round would round half away from zero the same for
// what is not negative, but not for the largest double below one half. The conversion keeps a product
// rounded where a machine could fuse it into the sum. What int64 does not hold is math.MaxInt64.
func round(v float64) int64 {
	if v = math.Floor(0.5 + float64(v)); v >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(v)
}
