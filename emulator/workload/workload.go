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
	Argument int64  // bytes that the invocation takes
	After    []int  // indexes of the tasks of this job that must be finished; a chain has {i-1}, the first task none
	States   []int  // indexes into Job.States, ascending: what the invocation reads and changes
}

// Job is a client's chain of tasks.
type Job struct {
	Name    string        // as in the trace: j_17
	Arrival time.Duration // since the trace's begin
	Tasks   []Task        // in an order that After permits; a line for chains
	States  []int64       // sizes in bytes
	Result  int64         // bytes returned by the last task(s)
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

// Output is the number of bytes that task i returns: the arguments of the tasks that follow it, or the
// job's result where none does.
func (j *Job) Output(i int) int64 {
	var sum int64
	followed := false
	for _, t := range j.Tasks {
		for _, a := range t.After {
			if a == i {
				sum = units.Add(sum, t.Argument)
				followed = true
			}
		}
	}
	if !followed {
		return j.Result
	}
	return sum
}

// Outputs is Output of all tasks, in the room of a slice that may be nil.
func (j *Job) Outputs(into []int64) []int64 {
	into = slices.Grow(into[:0], len(j.Tasks))[:len(j.Tasks)]
	for i := range into {
		into[i] = -1 // nobody follows
	}
	for i := range j.Tasks {
		for _, a := range j.Tasks[i].After {
			into[a] = units.Add(max(into[a], 0), j.Tasks[i].Argument)
		}
	}
	for i, bytes := range into {
		if bytes < 0 {
			into[i] = j.Result
		}
	}
	return into
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
