package predict

import (
	"errors"
	"fmt"
	"slices"

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
	e, err := NewEvaluation(p)
	if err != nil {
		return nil, err
	}
	for at := e.Next(); at >= 0; at = e.Next() {
		took, err := duration(at, e.Start(at))
		if err != nil {
			return nil, e.Failed(at, err)
		}
		e.End(at, took)
	}
	return e.Schedule()
}

// Evaluation follows a plan whose steps end one by one, in any order that its partial order allows.
type Evaluation struct {
	plan      *plan.Plan
	steps     []StepPrediction
	waiting   []int // steps that a step still waits for
	cause     []int // the step that let it begin; -1: none
	followers [][]int
	ready     []int
	ended     int
	final     int // the step that ends last; -1: none has ended
}

// NewEvaluation begins with a plan. It fails where After names no step.
func NewEvaluation(p *plan.Plan) (*Evaluation, error) {
	n := len(p.Steps)
	e := &Evaluation{plan: p, steps: make([]StepPrediction, n), waiting: make([]int, n), cause: make([]int, n),
		followers: make([][]int, n), final: -1}
	for i, step := range p.Steps {
		e.cause[i] = -1
		e.waiting[i] = len(step.After)
		for _, a := range step.After {
			if a < 0 || a >= n {
				return nil, e.wrong(fmt.Errorf("%w: step %d comes after step %d of %d", ErrOrder, i, a, n))
			}
			e.followers[a] = append(e.followers[a], i)
		}
		if len(step.After) == 0 {
			e.ready = append(e.ready, i)
		}
	}
	return e, nil
}

func (e *Evaluation) wrong(err error) error {
	return fmt.Errorf("plan of %s (%s): %w", e.plan.Job, e.plan.Model, err)
}

// Failed is the error of a step.
func (e *Evaluation) Failed(step int, err error) error {
	return e.wrong(fmt.Errorf("step %d (%s): %w", step, e.plan.Steps[step].Role, err))
}

// Next takes the step that may begin first of those that may and have not been taken (ties: by index); -1 where there
// is none.
func (e *Evaluation) Next() int {
	best := -1
	for i, s := range e.ready {
		if best < 0 || before(e.steps, s, e.ready[best]) {
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

// Start is when a step that was taken begins, in seconds since the plan's begin.
func (e *Evaluation) Start(step int) float64 { return e.steps[step].Start }

// End notes how long a step took, in seconds, and lets those begin that waited for it alone.
func (e *Evaluation) End(step int, took float64) {
	s := &e.steps[step]
	s.Index, s.End = step, s.Start+took
	if e.final < 0 || s.End > e.steps[e.final].End {
		e.final = step
	}
	e.ended++
	for _, f := range e.followers[step] {
		if e.cause[f] < 0 || s.End > e.steps[f].Start {
			e.steps[f].Start, e.cause[f] = s.End, step
		}
		if e.waiting[f]--; e.waiting[f] == 0 {
			e.ready = append(e.ready, f)
		}
	}
}

// Ended says whether all steps have.
func (e *Evaluation) Ended() bool { return e.ended == len(e.steps) }

// Schedule is the result once no step is left that may begin. It fails where the order is cyclic.
func (e *Evaluation) Schedule() (*Schedule, error) {
	if !e.Ended() {
		return nil, e.wrong(fmt.Errorf("%w: it is cyclic", ErrOrder))
	}
	s := &Schedule{Steps: e.steps}
	for at := e.final; at >= 0; at = e.cause[at] {
		s.Critical = append(s.Critical, at)
	}
	slices.Reverse(s.Critical)
	if e.final >= 0 {
		s.Total = e.steps[e.final].End
	}
	return s, nil
}

// Split divides the schedule's total into what transfers and what computations take on the critical path; the rest is
// waits for instances.
func (s *Schedule) Split(p *plan.Plan) (network, processing float64) {
	for _, i := range s.Critical {
		switch d := s.Steps[i].End - s.Steps[i].Start; p.Steps[i].Kind {
		case plan.Compute:
			processing += d
		case plan.Transfer:
			network += d
		}
	}
	return network, processing
}
