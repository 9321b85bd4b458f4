// Package instance keeps the instances of a function on one node: how many there are, which of them serves a request,
// who waits, and when one starts or ends. Ledger has the rules, without clock or concurrency, so that a prediction
// follows the same ones; Pool carries them out.
//
// A request takes a free slot of a warm instance, the one most recently used, so that the others may become idle.
// Where there is none, it queues, and an instance starts unless those that start already have slots enough for all who
// wait, or Max is reached. Binding is late, as with Knative's activator: whatever slot is free first, of the instance
// that starts or of one that has served another, goes to whoever has waited longest. An instance that becomes ready
// and is not needed any more is warm and idle. One that has been idle for KeepAlive ends, unless it is among Min.
package instance

import (
	"errors"
	"fmt"
	"time"
)

// ErrFull is wrapped by errors about a request that may not even queue.
var ErrFull = errors.New("the queue for an instance is full")

// ErrClosed is returned by a pool that has been closed.
var ErrClosed = errors.New("the instances were ended")

// The most that Limits may ask for.
const (
	MostInstances   = 10_000
	MostConcurrency = 10_000
	// DefaultQueue is how many requests may wait where Limits does not say.
	DefaultQueue = 10_000
)

// Limits say how many instances there are.
type Limits struct {
	Min         int           // instances that do not end for being idle, 0 to Max
	Max         int           // instances at most, those that start included, 1 to MostInstances
	Concurrency int           // requests at a time in an instance, 1 to MostConcurrency
	KeepAlive   time.Duration // how long an instance stays without a request, at least 0; 0: it ends when it is idle
	Queue       int           // requests that may wait, at least 0; 0: DefaultQueue
}

// Validate reports what is out of range.
func (l Limits) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("instances: "+format, args...))
		}
	}
	check(l.Max >= 1 && l.Max <= MostInstances, "max is %d: write 1 to %d", l.Max, MostInstances)
	check(l.Min >= 0 && l.Min <= l.Max, "min is %d: write 0 to max, %d", l.Min, l.Max)
	check(l.Concurrency >= 1 && l.Concurrency <= MostConcurrency,
		"concurrency is %d: write 1 to %d", l.Concurrency, MostConcurrency)
	check(l.KeepAlive >= 0, "keep-alive is %v: it must not be negative", l.KeepAlive)
	check(l.Queue >= 0, "a queue of %d: it must not be negative", l.Queue)
	return errors.Join(errs...)
}

func (l Limits) queue() int {
	if l.Queue == 0 {
		return DefaultQueue
	}
	return l.Queue
}
