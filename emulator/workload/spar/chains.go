package spar

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"testbed/emulator/internal/minstd"
	"testbed/emulator/workload"
)

// Chains turns the trace's jobs into stateful jobs of the shape wanted. For a chain, as the study does: the chain is
// what a depth-first visit reaches from the first task along the dependencies, executed in ascending order of task
// numbers, and every task outside the chain on which one inside depends becomes a state. A DAG has the same tasks,
// states and functions, and its tasks wait for those that the trace says. Jobs without a state are left out, and as
// DAGs those whose tasks wait for one another. Each task draws its function from one engine that runs through all jobs.
func Chains(trace *Trace, opts workload.Options) []workload.Job {
	engine := minstd.New(opts.Seed)
	functions := workload.FunctionNames(opts.Functions)
	var jobs []workload.Job
	var d dag
	for i := range trace.Jobs {
		d.fill(&trace.Jobs[i])
		job, ok := d.stateful(opts)
		if !ok {
			continue
		}
		for t, in := range d.in {
			if !in {
				continue
			}
			function := functions[int(math.Floor(engine.Real(0, float64(len(functions)))))]
			if !d.cyclic {
				job.Tasks[d.place[t]].Function = function
			}
		}
		if !d.cyclic {
			jobs = append(jobs, job)
		}
	}
	return jobs
}

// Derive is Chains of the trace.
func (t *Trace) Derive(opts workload.Options) []workload.Job { return Chains(t, opts) }

// dag is a job with its tasks, and those that they wait for, in ascending order of their numbers; the first is
// number 1. A number that no row defines is a task without precedences, operations and size: it can still be a
// state. Numbers that do not occur take no room, so that a job takes as much as its rows do.
//
// One dag serves one job after the other, in the same room.
type dag struct {
	job      *Job
	numbers  []int   // of the tasks
	rows     []int   // of each, the index of the job's task; -1: no row defines it
	after    [][]int // after[task]: its precedences, by index
	next     [][]int // next[task]: the tasks that wait for it, ascending
	in       []bool  // tasks of the chain
	needed   []bool  // tasks outside of it that one inside waits for
	state    []int   // of those, index of the state
	todo     []int
	previous []int // 0, 1, 2 ..., of which the chains' tasks have each the one before them
	order    []int // the job's tasks, in their order
	place    []int // of each task, its place in order
	cyclic   bool  // there is no order, for tasks wait for one another
}

// fill makes it the DAG of a job.
func (d *dag) fill(job *Job) {
	d.job = job
	d.numbers = append(d.numbers[:0], 1)
	for i := range job.Tasks {
		d.numbers = append(append(d.numbers, job.Tasks[i].Number), job.Tasks[i].Precedences...)
	}
	slices.Sort(d.numbers)
	d.numbers = slices.Compact(d.numbers)
	n := len(d.numbers)
	d.rows, d.in, d.needed = cleared(d.rows, n), cleared(d.in, n), cleared(d.needed, n)
	d.state, d.after, d.next = cleared(d.state, n), emptied(d.after, n), emptied(d.next, n)
	for i := range d.rows {
		d.rows[i] = -1
	}
	for i := range job.Tasks {
		t := &job.Tasks[i]
		at := d.index(t.Number)
		d.rows[at] = i
		for _, p := range t.Precedences {
			d.after[at] = append(d.after[at], d.index(p))
		}
	}
	for i, after := range d.after {
		for _, p := range after {
			if n := d.next[p]; len(n) == 0 || n[len(n)-1] != i {
				d.next[p] = append(n, i)
			}
		}
	}
}

// index is that of the task of a number.
func (d *dag) index(number int) int {
	if n := len(d.numbers); d.numbers[n-1] == n { // none is missing
		return number - 1
	}
	at, _ := slices.BinarySearch(d.numbers, number)
	return at
}

// row is the job's task of an index, and an empty one where no row defines it.
func (d *dag) row(i int) *Task {
	if d.rows[i] < 0 {
		return &Task{}
	}
	return &d.job.Tasks[d.rows[i]]
}

// cleared is a slice of n zero values, in the room of another where that is large enough.
func cleared[T any](s []T, n int) []T {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}

// emptied is n empty slices, in the room of others.
func emptied(s [][]int, n int) [][]int {
	s = slices.Grow(s[:cap(s)], max(n-cap(s), 0))[:n]
	for i := range s {
		s[i] = s[i][:0]
	}
	return s
}

// chain marks the tasks that are reached from the first one. The order of the visit does not matter,
// for the chain executes in ascending order.
func (d *dag) chain() (length int) {
	d.in[0], length = true, 1
	for d.todo = append(d.todo[:0], 0); len(d.todo) > 0; {
		at := d.todo[len(d.todo)-1]
		d.todo = d.todo[:len(d.todo)-1]
		for _, n := range d.next[at] {
			if !d.in[n] {
				d.in[n] = true
				length++
				d.todo = append(d.todo, n)
			}
		}
	}
	return length
}

// stateful makes the job, but for its functions; ok is false where no task depends on a state. A cyclic one has no
// tasks.
func (d *dag) stateful(opts workload.Options) (job workload.Job, ok bool) {
	length, states := d.chain(), 0
	for i := range d.numbers {
		if d.in[i] {
			for _, p := range d.after[i] {
				if !d.in[p] && !d.needed[p] {
					d.needed[p] = true
					states++
				}
			}
		}
	}
	if states == 0 {
		return job, false
	}
	if d.sort(opts.Shape); d.cyclic {
		return job, true
	}
	job = workload.Job{
		Name: "j_" + strconv.Itoa(d.job.Number), Arrival: d.job.Arrival,
		Tasks: make([]workload.Task, 0, length), States: make([]int64, 0, states),
	}
	for i := range d.numbers {
		if d.needed[i] {
			d.state[i] = len(job.States)
			job.States = append(job.States, scale(opts.Factors.State, d.row(i).Mem))
		}
	}
	for position, i := range d.order {
		task := d.task(i, opts.Factors)
		if opts.Shape == workload.ShapeDAG {
			task.After = d.precedences(i)
		} else if position > 0 {
			task.After = d.before(position)
		}
		job.Tasks = append(job.Tasks, task)
	}
	job.Result = job.Tasks[d.place[0]].Argument
	return job, true
}

// before is the one task before that at a position.
func (d *dag) before(position int) []int {
	for position > len(d.previous) {
		d.previous = append(d.previous, len(d.previous))
	}
	return d.previous[position-1 : position : position]
}

func (d *dag) task(i int, f workload.Factors) workload.Task {
	t := d.row(i)
	name := t.Name
	if name == "" {
		name = fmt.Sprintf("M%d", d.numbers[i]) // referred to, but defined by no row
	}
	task := workload.Task{
		Name: name, Ops: round(t.Duration * t.CPU / 100 * f.Ops), Argument: scale(f.Argument, t.Mem),
	}
	for _, p := range d.after[i] {
		if d.needed[p] {
			task.States = append(task.States, d.state[p])
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
