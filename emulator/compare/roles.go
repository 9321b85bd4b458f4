package compare

import (
	"math"
	"slices"
	"testbed/emulator/plan"
)

// report says what the roles contribute.
func (s *sums) report() []Role {
	all := 0.0
	for _, r := range s.roles {
		all += math.Abs(r.measured - r.predicted)
	}
	var roles []Role
	for i := range s.roles {
		r := &s.roles[i]
		if r.steps == 0 {
			continue
		}
		out := Role{Role: plan.Role(i).String(), Steps: r.steps}
		out.Measured, out.Predicted = r.measured/r.weight, r.predicted/r.weight
		out.PerChain = (r.measured - r.predicted) / s.weight
		if all > 0 {
			out.Share = math.Abs(r.measured-r.predicted) / all
		}
		out.Cold = r.cold
		out.ColdPredicted, out.ColdLow, out.ColdHigh = r.coldPredicted.spread()
		out.Causes = s.roleCauses(plan.Role(i))
		roles = append(roles, out)
	}
	return roles
}

func (s *sums) roleCauses(role plan.Role) []RoleCause {
	// A request or response goes one way: only reads and writes wait for an answer.
	possible := []int{propagation, serialisation, slowStart, roundTrip, hostTime, queueing, waiting, transfers}
	if role == plan.Start {
		possible = []int{coldStart, instanceQueue}
	} else if role == plan.Execute {
		possible = []int{processing}
		if s.partsKnown > 0 {
			possible = append(possible, overhead)
		}
	} else if role != plan.Read && role != plan.Write {
		possible = slices.DeleteFunc(possible, func(c int) bool { return c == roundTrip })
	}
	var out []RoleCause
	for _, c := range possible {
		if s.shown(c) {
			of := s.roles[role].causes[c]
			out = append(out, RoleCause{
				Cause: CauseNames[c], Predicted: of.predicted / s.weight, PerChain: of.difference / s.weight,
			})
		}
	}
	return out
}
