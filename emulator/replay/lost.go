package replay

import (
	"testbed/emulator/faas"
	"testbed/emulator/plan"
)

// writesLost is how many versions the chain's own states lack of those that it was told they have. Of a chain that has
// failed those count that were acknowledged until then by a repository: whose writes were measured.
func writesLost(spec *faas.ChainSpec, result *faas.ChainResult, checks []faas.StateCheck, failed bool) (lost int64) {
	acknowledged := map[int]int64{}
	if failed && result != nil {
		acknowledged = written(spec, result)
	}
	for _, c := range checks {
		want := c.Want
		if failed {
			want = acknowledged[c.State]
		}
		lost += max(0, want-c.Have)
	}
	return lost
}

// written is how often the writes of a chain's states to their repository have come to an end, by state. Those of an
// invocation are those of its steps of that role, in the order of its states.
func written(spec *faas.ChainSpec, result *faas.ChainResult) map[int]int64 {
	ended := map[int]bool{} // by step
	for _, s := range result.Steps {
		if s.Role == plan.Write && s.End > 0 {
			ended[s.Index] = true
		}
	}
	all := map[int]int64{}
	for i := range spec.Invocations {
		inv := &spec.Invocations[i]
		var states []int
		for _, a := range inv.States {
			if a.Location == plan.Repository {
				states = append(states, a.State)
			}
		}
		next := 0
		for _, step := range inv.Steps {
			if ended[step] && next < len(states) {
				all[states[next]]++
				next++
			}
		}
	}
	return all
}
