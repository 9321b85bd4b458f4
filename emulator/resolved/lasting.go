package resolved

import (
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// checkLasting says why a model cannot carry out jobs with states that outlive them. Where states go from worker to
// worker nobody has one between two jobs. Where a state is not with the client it is with a provider, and another one's
// functions do not get at it.
func (e *Scenario) checkLasting(m plan.Model, plans []*plan.Plan) error {
	first := map[plan.Lasting]*plan.Plan{} // that has it elsewhere than with the client
	for _, p := range plans {
		if p.Lasting == nil {
			continue
		}
		if rule, err := e.rule(m); err != nil || rule.Locate == nil {
			return e.fault(e.modelPath(m), "leave the model out, or give the jobs states of their own",
				"model %s: the job %s uses a state of workload.states, and where states go from worker to worker nobody keeps it "+
					"between two jobs", m, p.Job)
		}
		for _, state := range elsewhere(p) {
			other := first[state]
			if other == nil {
				first[state] = p
				continue
			}
			if mine, its := e.Jobs[p.Index].Provider, e.Jobs[other.Index].Provider; mine != its {
				return e.fault(e.modelPath(m), "leave the model out, or give each provider's jobs a state of their own; models "+
					"that keep states with the client, such as "+string(plan.InClient)+", can share it",
					"model %s: jobs of the providers %q and %q (%s, %s) use the state %s of %s, and the model keeps it with a "+
						"provider", m, its, mine, other.Job, p.Job, state.Name, e.Topology.Vertices[p.Client].Name)
			}
		}
	}
	return nil
}

// elsewhere lists the states that outlive a plan's job and that are elsewhere than with the client.
func elsewhere(p *plan.Plan) []plan.Lasting {
	var all []plan.Lasting
	for i := range p.Invocations {
		for _, a := range p.Invocations[i].States {
			if state := p.Outlives(a.State); state.Name != "" && a.Location != plan.Carried {
				all = append(all, state)
			}
		}
	}
	return all
}

// lastingBytes are the sizes of all states that outlive jobs, by the node that keeps them: they are there from a
// model's first chain to its last.
func lastingBytes(plans []*plan.Plan) map[topology.ID]int64 {
	type value struct {
		plan.Lasting
		node topology.ID
	}
	known, sums := map[value]int64{}, map[topology.ID]int64{}
	for _, p := range plans {
		for i := range p.Invocations {
			for _, a := range p.Invocations[i].States {
				for _, node := range a.Keepers() {
					v := value{p.Outlives(a.State), node}
					if bytes := max(a.Bytes, a.Written()); v.Name != "" && bytes > known[v] {
						sums[node] = units.Add(sums[node], bytes-known[v])
						known[v] = bytes
					}
				}
			}
		}
	}
	return sums
}
