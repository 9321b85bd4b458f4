// Package predict says how long plans take and how much traffic they cause, without running them. It
// holds what all predictors share: the form of a prediction, its file, and the critical path through a
// plan's partial order. The predictors are its sub-packages.
package predict

import (
	"math"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// Prediction is what an engine expects of one plan. Times are in seconds.
type Prediction struct {
	Engine     string // name of the engine
	Job        string
	Index      int // of the job in its workload
	Model      plan.Model
	Total      float64 // from the chain's begin to the end of its last step; beside its parts: the FaaS, and its instances
	Network    float64 // the part of Total spent in transfers, along the critical path
	Processing float64 // the part of Total spent in computations, along the critical path
	Traffic    int64   // sum over transfers of payload bytes times hops
	// Steps follow one another as the plan has them. Where the prediction is the mean of several replays, each lasts as
	// long as on average, and of a plan with branches the last may end before Total.
	Steps   []StepPrediction
	Workers []topology.ID // that were picked, by the plan's invocations; nil: by placement
	Parts   []Parts       // of Steps, in their order; nil: the engine, or the file, does not say
	// Starts are, of each replay that the prediction is the mean of, how many invocations wait for the start of an
	// instance; nil: all are warm, or the engine, or the file, does not say.
	Starts []int
}

// StepPrediction is when a step begins and ends, in seconds since the chain's begin.
type StepPrediction struct {
	Index int // into the plan's Steps
	Start float64
	End   float64
}

// Waits is the part of Total spent in waits for instances of functions, along the plan's critical path.
func (p *Prediction) Waits(of *plan.Plan) (waits float64) {
	for _, i := range of.Critical(func(step int) (int64, bool) {
		if step >= len(p.Steps) {
			return 0, false
		}
		return int64(math.Float64bits(max(0, p.Steps[step].End))), true // in the order of the numbers
	}) {
		if of.Steps[i].Role == plan.Start {
			waits += p.Steps[i].End - p.Steps[i].Start
		}
	}
	return waits
}

// Engine predicts plans.
type Engine interface {
	// Name is the word in files and flags: transport, statesim.
	Name() string
	// Predict predicts the plans, which are given in the order in which they are replayed, a model's after another's; it
	// returns one prediction a plan, in the same order. Nothing is kept between calls.
	Predict(plans []*plan.Plan) ([]Prediction, error)
}
