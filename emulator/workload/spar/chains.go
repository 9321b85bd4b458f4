package spar

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"testbed/emulator/internal/minstd"
	"testbed/emulator/workload"
	"testbed/emulator/workload/rows"
)

// Chains is all that Each makes.
func Chains(trace *Trace, opts workload.Options) []workload.Job {
	return slices.Collect(trace.Each(opts))
}

// Derive is Chains of the trace.
func (t *Trace) Derive(opts workload.Options) []workload.Job { return Chains(t, opts) }

// Each turns the trace's jobs into stateful jobs of the shape wanted. For a chain, as the study does: the chain is
// what a depth-first visit reaches from the first task along the dependencies, executed in ascending order of task
// numbers, and every task outside the chain on which one inside depends becomes a state. A DAG has the same tasks,
// states and functions, and its tasks wait for those that the trace says. Jobs without a state are left out,
// unless they are to be kept, and as DAGs those whose tasks wait for one another. Each task draws its function from one
// engine that runs through all jobs.
func (t *Trace) Each(opts workload.Options) iter.Seq[workload.Job] {
	return func(yield func(workload.Job) bool) {
		if len(t.Jobs) >= rows.Many {
			defer rows.Sparing()()
		}
		engine := minstd.New(opts.Seed)
		functions := workload.FunctionNames(opts.Functions)
		var d dag
		for i := range t.Jobs {
			d.fill(&t.Jobs[i])
			job, ok := d.job(opts)
			if !ok {
				continue
			}
			for at, in := range d.in {
				if !in {
					continue
				}
				function := functions[int(math.Floor(engine.Real(0, float64(len(functions)))))]
				if !d.cyclic {
					job.Tasks[d.place[at]].Function = function
				}
			}
			if !d.cyclic && !yield(job) {
				return
			}
		}
	}
}

// dag is a job with its tasks, and those that they wait for, in ascending order of their numbers; the first is
// number 1. A number that no row defines is a task without precedences, operations and size: it can still be a
// state. Numbers that do not occur take no room, so that a job takes as much as its rows do.
//
// One dag serves one job after the other, in the same room.
type dag struct {
	of       *Job
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
	d.of = job
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
		return &undefined
	}
	return &d.of.Tasks[d.rows[i]]
}

// undefined is a task that no row defines.
var undefined = Task{Label: &Label{}, Demand: &Demand{}}

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

// all marks every task that a row defines.
func (d *dag) all() (length int) {
	for i := range d.numbers {
		if d.in[i] = d.rows[i] >= 0; d.in[i] {
			length++
		}
	}
	return length
}

// choose marks the tasks that are invoked, and those that are states.
func (d *dag) choose(of workload.Extent) (tasks, states int) {
	if of == workload.All {
		return d.all(), 0
	}
	tasks = d.chain()
	for i := range d.numbers {
		if !d.in[i] {
			continue
		}
		for _, p := range d.after[i] {
			if !d.in[p] && !d.needed[p] {
				d.needed[p] = true
				states++
			}
		}
	}
	return tasks, states
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

// kept says whether a job of so many tasks and states is one.
func (d *dag) kept(opts workload.Options, tasks, states int) bool {
	empty := tasks == 0 || tasks == 1 && d.in[0] && d.rows[0] < 0
	return states > 0 || !empty && opts.Stateless.Keep(opts.Tasks != workload.All)
}

// job makes the job, but for its functions; ok is false where no task depends on a state, and such jobs are not kept. A
// cyclic one has no tasks.
func (d *dag) job(opts workload.Options) (job workload.Job, ok bool) {
	length, states := d.choose(opts.Tasks)
	if !d.kept(opts, length, states) {
		return job, false
	}
	if d.sort(opts.Shape); d.cyclic {
		return job, true
	}
	job = workload.Job{
		Name: d.of.Name(), Arrival: d.of.Arrival,
		Tasks: make([]workload.Task, 0, length), States: slices.Grow([]int64(nil), states),
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
	job.Result = job.Tasks[max(d.place[0], 0)].Argument
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
		Name: name, Ops: rows.Round(t.Duration * t.CPU / 100 * f.Ops), Argument: scale(f.Argument, t.Mem),
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

func scale(factor, mem float64) int64 { return rows.Round(factor * mem) }
