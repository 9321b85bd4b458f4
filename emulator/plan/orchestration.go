package plan

import (
	"errors"
	"fmt"
)

// Orchestration says who calls a job's functions.
type Orchestration string

// Who calls the functions, in the models that do not say so themselves.
const (
	ByTheClient Orchestration = "client"  // the client, each of them: the study's way
	Chained     Orchestration = "chained" // the worker before; only results go to the client
)

// ErrNotChained is wrapped by errors about models whose workers cannot call each other.
var ErrNotChained = errors.New("its workers cannot call each other")

// Orchestrated is the rule with functions called in the way given. state-propagate and state-local have one way and
// keep it. It fails, wrapping ErrNotChained, where states come from the client and go back to it with each call.
func (r Rule) Orchestrated(o Orchestration) (Rule, error) {
	if o != Chained || r.Chained != nil {
		return r, nil
	}
	if err := r.Chainable(); err != nil {
		return r, err
	}
	of := r
	r.Chained = of.byWorkers
	return r, nil
}

// Chainable says why workers cannot call each other; nil: they can.
func (r Rule) Chainable() error {
	if r.Chained != nil {
		return nil
	}
	if location, _ := r.Locate(0, 1, Sites{Cloud: 2, Central: 3}); r.Idle || location == Carried {
		return fmt.Errorf("model %s: %w: its states come from the client with each call and go back to it; "+
			"write %s for states that go from worker to worker", r.Model, ErrNotChained, StatePropagate)
	}
	return nil
}
