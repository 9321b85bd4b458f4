package workload

import "time"

// Measured is what a profile tells of a task whose function is a program. Placement goes by the task's own figures, so
// that a profile moves no function; plans and predictions go by these.
type Measured struct {
	Argument int64         // bytes, from 0
	Result   int64         // bytes, from 0: all that it returns
	Duration time.Duration // that it takes, from 0
	States   []Resized     // of the task's states, in their order
}

// Resized is a state's size in bytes, from 0, before an invocation and after it.
type Resized struct{ Read, Written int64 }

// Unmeasured lists the functions of the jobs that are programs of which nothing is known, in the order of their first
// tasks.
func Unmeasured(jobs []Job) (names []string) {
	seen := map[string]bool{}
	for i := range jobs {
		for k := range jobs[i].Tasks {
			t := &jobs[i].Tasks[k]
			if t.Program && t.Measured == nil && !seen[t.Function] {
				seen[t.Function] = true
				names = append(names, t.Function)
			}
		}
	}
	return names
}
