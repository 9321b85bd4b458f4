package predict

import (
	"errors"
	"fmt"

	"testbed/emulator/plan"
)

// ErrOrder is wrapped by errors about steps whose partial order cannot be followed.
var ErrOrder = errors.New("the steps' order is not a partial order")

// Schedule is when the steps of a plan begin and end if each begins as soon as those before it are finished.
type Schedule struct {
	Steps    []StepPrediction // by index
	Critical []int            // the longest path's steps, first to last
	Total    float64          // seconds
}

// Evaluate lets every step begin when all those in its After have ended and asks duration, in order of
// begin (ties: of index), how long it takes, in seconds. It fails where After names no step or is
// cyclic, and where duration does. It takes O(steps · width).
func Evaluate(p *plan.Plan, duration func(step int, start float64) (float64, error)) (*Schedule, error) {
	n := len(p.Steps)
	e := evaluation{plan: p, waiting: make([]int, n), cause: make([]int, n), followers: make([][]int, n)}
	s := &Schedule{Steps: make([]StepPrediction, len(p.Steps))}
	if err := e.prepare(); err != nil {
		return nil, fmt.Errorf("plan of %s (%s): %w", p.Job, p.Model, err)
	}
	final := -1
	for done := 0; done < len(p.Steps); done++ {
		at := e.earliest(s.Steps)
		if at < 0 {
			return nil, fmt.Errorf("plan of %s (%s): %w: it is cyclic", p.Job, p.Model, ErrOrder)
		}
		d, err := duration(at, s.Steps[at].Start)
		if err != nil {
			return nil, fmt.Errorf("plan of %s (%s), step %d (%s): %w", p.Job, p.Model, at, p.Steps[at].Role, err)
		}
		s.Steps[at].Index, s.Steps[at].End = at, s.Steps[at].Start+d
		if final < 0 || s.Steps[at].End > s.Steps[final].End {
			final = at
		}
		e.release(at, s.Steps)
	}
	for at := final; at >= 0; at = e.cause[at] {
		s.Critical = append([]int{at}, s.Critical...)
	}
	if final >= 0 {
		s.Total = s.Steps[final].End
	}
	return s, nil
}

type evaluation struct {
	plan      *plan.Plan
	waiting   []int // steps that a step still waits for
	cause     []int // the step that let it begin; -1: none
	followers [][]int
	ready     []int
}

func (e *evaluation) prepare() error {
	for i, step := range e.plan.Steps {
		e.cause[i] = -1
		e.waiting[i] = len(step.After)
		for _, a := range step.After {
			if a < 0 || a >= len(e.plan.Steps) {
				return fmt.Errorf("%w: step %d comes after step %d of %d", ErrOrder, i, a, len(e.plan.Steps))
			}
			e.followers[a] = append(e.followers[a], i)
		}
		if len(step.After) == 0 {
			e.ready = append(e.ready, i)
		}
	}
	return nil
}

// earliest takes the step that is ready first; -1 where none is ready.
func (e *evaluation) earliest(steps []StepPrediction) int {
	best := -1
	for i, s := range e.ready {
		if best < 0 || before(steps, s, e.ready[best]) {
			best = i
		}
	}
	if best < 0 {
		return -1
	}
	at := e.ready[best]
	e.ready[best] = e.ready[len(e.ready)-1]
	e.ready = e.ready[:len(e.ready)-1]
	return at
}

// before says whether step a starts before b, or at the same time and earlier in the plan.
func before(steps []StepPrediction, a, b int) bool {
	return steps[a].Start < steps[b].Start || steps[a].Start == steps[b].Start && a < b
}

func (e *evaluation) release(at int, steps []StepPrediction) {
	for _, f := range e.followers[at] {
		if e.cause[f] < 0 || steps[at].End > steps[f].Start {
			steps[f].Start, e.cause[f] = steps[at].End, at
		}
		if e.waiting[f]--; e.waiting[f] == 0 {
			e.ready = append(e.ready, f)
		}
	}
}

// Split divides the schedule's total into what transfers and what computations take on the critical path.
func (s *Schedule) Split(p *plan.Plan) (network, processing float64) {
	for _, i := range s.Critical {
		if d := s.Steps[i].End - s.Steps[i].Start; p.Steps[i].Kind == plan.Compute {
			processing += d
		} else {
			network += d
		}
	}
	return network, processing
}
