package run

import (
	"testbed/emulator/compare"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// finder finds a plan's prediction by the predictor that emulation should agree with; nil where there is none.
func (r *run) finder() func(*plan.Plan) *predict.Prediction {
	type key struct {
		model plan.Model
		index int
	}
	reference := compare.Reference(r.Scenario.Source.Catalogue())
	known := map[key]*predict.Prediction{}
	for i := range r.predicted {
		if p := &r.predicted[i]; p.Engine == reference {
			known[key{p.Model, p.Index}] = p
		}
	}
	return func(p *plan.Plan) *predict.Prediction { return known[key{p.Model, p.Index}] }
}

// workers finds the workers that are predicted to be picked for a plan.
func (r *run) workers() func(*plan.Plan) []topology.ID {
	find := r.finder()
	return func(p *plan.Plan) []topology.ID {
		if found := find(p); found != nil {
			return found.Workers
		}
		return nil
	}
}
