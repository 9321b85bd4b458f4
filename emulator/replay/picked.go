package replay

import (
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// picked is the plan with the workers that were picked, how many of its invocations there were any to pick for, and how
// many of those were executed by the worker predicted.
func (r *replay) picked(p *plan.Plan, workers []topology.ID) (moved *plan.Plan, picked, foreseen int) {
	var predicted []topology.ID
	if r.PredictWorkers != nil {
		predicted = r.PredictWorkers(p)
	}
	for i := range p.Invocations {
		if len(p.Invocations[i].Candidates) == 0 || i >= len(workers) {
			continue
		}
		picked++
		if i < len(predicted) && predicted[i] == workers[i] {
			foreseen++
		}
	}
	return p.Moved(workers), picked, foreseen
}
