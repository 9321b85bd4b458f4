// Package workload holds what is executed: jobs, each a stateful chain (or DAG) of function
// invocations issued by one client. It knows nothing of networks or operating systems.
package workload

import (
	"slices"
	"time"

	"testbed/emulator/units"
)

// Task is one invocation of a function.
type Task struct {
	Name     string // as in the trace, for people to read: R7_6
	Function string // name of the function invoked
	Ops      int64  // operations; its time is Ops / the node's speed
	Argument int64  // bytes that the invocation takes: Edges, and from the client what they leave of it
	After    []int  // indexes of the tasks of this job that must be finished; a chain has {i-1}, the first task none
	// Edges are the bytes that each of After sends it, Argument in all or less. nil: they send all of Argument, each the
	// same, the first of them a byte more where it cannot be divided.
	Edges  []int64
	States []int // indexes into Job.States, ascending: what the invocation reads and changes
	Result int64 // bytes that it returns to the client beside what tasks that follow it take

	Program  bool      // the function is a program: what it takes and how large its result and states are, only it knows
	Measured *Measured // of a program: what a profile tells of the task; nil: nothing
}

// Job is a client's chain of tasks.
type Job struct {
	Name    string        // as in the trace: j_17
	Client  string        // name of the host that issues it; empty: it is drawn
	Arrival time.Duration // since the trace's begin
	Tasks   []Task        // in an order that After permits; a line for chains
	States  []int64       // sizes in bytes
	// Lasting are, by state, the names of those that outlive the job: its client has one of each name, for all of its
	// jobs. Empty: it is the job's own; nil: all are.
	Lasting  []string
	Provider string // who offers the functions; states that it keeps for a client are not another provider's
	Result   int64  // bytes that the tasks which nobody follows return to the client: together, shared like Edges
}

// Length is the number of invocations.
func (j *Job) Length() int { return len(j.Tasks) }

// StateBytes is the total size, in bytes, of the states with the given indexes.
func (j *Job) StateBytes(states []int) int64 {
	var sum int64
	for _, s := range states {
		sum = units.Add(sum, j.States[s])
	}
	return sum
}

// AllStateBytes is the total size, in bytes, of all the job's states.
func (j *Job) AllStateBytes() int64 {
	var sum int64
	for _, bytes := range j.States {
		sum = units.Add(sum, bytes)
	}
	return sum
}

// Chain reports whether the tasks form a line.
func (j *Job) Chain() bool {
	for i, t := range j.Tasks {
		if i == 0 && len(t.After) > 0 || i > 0 && (len(t.After) != 1 || t.After[0] != i-1) {
			return false
		}
	}
	return true
}

// share is part i of n of so many bytes.
func share(bytes int64, i, n int) int64 {
	part := bytes / int64(n)
	if int64(i) < bytes%int64(n) {
		part++
	}
	return part
}

// Edge is the number of bytes that a task takes from the one at position k of its After.
func (t *Task) Edge(k int) int64 {
	if t.Edges != nil {
		return t.Edges[k]
	}
	return share(t.Argument, k, len(t.After))
}

// Input is the number of bytes that a task takes from the client: what those before it do not send.
func (t *Task) Input() int64 {
	if t.Edges == nil && len(t.After) > 0 {
		return 0
	}
	rest := t.Argument
	for _, bytes := range t.Edges {
		rest -= bytes
	}
	return rest
}

// Output is the number of bytes that task i returns: what the tasks that follow it take from it, and what the client
// gets of it.
func (j *Job) Output(i int) int64 { return j.Outputs(nil)[i] }

// Outputs is Output of all tasks, in the room of a slice that may be nil.
func (j *Job) Outputs(into []int64) []int64 {
	into = slices.Grow(into[:0], len(j.Tasks))[:len(j.Tasks)]
	for i := range into {
		into[i] = -1 // nobody follows
	}
	for i := range j.Tasks {
		t := &j.Tasks[i]
		for k, a := range t.After {
			into[a] = units.Add(max(into[a], 0), t.Edge(k))
		}
	}
	last, at := 0, 0
	for _, bytes := range into {
		if bytes < 0 {
			last++
		}
	}
	for i, bytes := range into {
		if bytes < 0 {
			into[i] = share(j.Result, at, last)
			at++
		}
		into[i] = units.Add(into[i], j.Tasks[i].Result)
	}
	return into
}

// Returned is the number of bytes of the outputs that the client keeps, of all tasks.
func (j *Job) Returned() int64 {
	sum := j.Result
	for i := range j.Tasks {
		sum = units.Add(sum, j.Tasks[i].Result)
	}
	return sum
}

// Accesses counts, for each state, the tasks that depend on it.
func (j *Job) Accesses() []int {
	counts := make([]int, len(j.States))
	for _, t := range j.Tasks {
		for _, s := range t.States {
			counts[s]++
		}
	}
	return counts
}
