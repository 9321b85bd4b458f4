package predict

import (
	"errors"
	"slices"

	"testbed/emulator/plan"
)

// ErrBranches is wrapped by errors of predictors that know nothing but chains about plans of DAGs.
var ErrBranches = errors.New("the job is a DAG, whose branches run side by side")

// Linear says whether each step waits for the one before it, so that no two are under way at the same time.
func Linear(p *plan.Plan) bool {
	for i := 1; i < len(p.Steps); i++ {
		if !slices.Contains(p.Steps[i].After, i-1) {
			return false
		}
	}
	return true
}

// Linearize is the plan with its tasks one after the other, in ascending order. Its invocations are those of the plan.
func Linearize(p *plan.Plan) *plan.Plan {
	line := *p
	line.Steps = slices.Clone(p.Steps)
	for i := range line.Steps {
		line.Steps[i].After = nil
		if i > 0 {
			line.Steps[i].After = []int{i - 1}
		}
	}
	return &line
}
