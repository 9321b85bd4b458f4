package predict

import "time"

// Arrivals say when chains begin. Those of one model come one group after the other; the zero value lets each chain
// begin when the one before has ended.
type Arrivals struct {
	// Users are those of a closed loop: each begins the next chain in order when its last one has ended. 0 is 1.
	Users int
	// Pause is what a user takes between two chains.
	Pause time.Duration
	// Due is an open loop: when chains begin, by their jobs' indexes in the workload and since any common instant. nil:
	// the loop is closed.
	Due func(jobs []int) []time.Duration
}

// Compute says what the speed of a node is divided by.
type Compute uint8

// The ways of computing.
const (
	Allotted Compute = iota // the number of tasks placed there, whether they are at work or not
	Shared                  // the number of tasks that are at work at the time
	Whole                   // nothing
)
