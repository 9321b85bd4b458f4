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
