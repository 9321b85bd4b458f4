package replay

import (
	"testbed/emulator/faas"
	"testbed/emulator/plan"
	"testbed/emulator/record"
	"testbed/emulator/units"
)

// programsOf are the invocations of programs that a chain has finished, and the digests of the states that it left.
func programsOf(p *plan.Plan, o outcome) (all []record.Program, digests []string) {
	if o.result == nil || len(o.result.Programs) == 0 {
		return nil, nil
	}
	took := map[int]float64{} // of steps that execute
	for _, s := range o.result.Steps {
		if s.Role == plan.Execute {
			took[p.Steps[s.Index].Task] = s.Duration().Seconds()
		}
	}
	for _, of := range o.result.Programs {
		inv := &p.Invocations[of.Invocation]
		one := record.Program{Task: inv.Task, Function: inv.Function, Argument: of.Argument, Result: of.Result,
			Digest: of.Digest, Duration: took[inv.Task]}
		for _, s := range of.States {
			one.States = append(one.States, record.Resized{Read: s.Read, Written: s.Written})
		}
		all = append(all, one)
	}
	byState := map[int]string{}
	for _, check := range o.checks {
		byState[check.State] = check.Digest
	}
	for state := range p.StateBytes {
		digests = append(digests, byState[state])
	}
	return all, digests
}

// moved are the bytes of each step: of programs those that were measured, else the plan's.
func moved(p *plan.Plan, result *faas.ChainResult) []int64 {
	all := make([]int64, len(p.Steps))
	for i := range p.Steps {
		all[i] = p.Steps[i].Bytes
	}
	if result == nil {
		return all
	}
	for k := range result.Programs {
		of := &result.Programs[k]
		inv := &p.Invocations[of.Invocation]
		spec := faas.InvocationSpec{}
		for _, s := range inv.States {
			spec.States = append(spec.States, faas.AccessSpec{Location: s.Location})
		}
		bytes := of.Moved(&spec)
		for _, step := range inv.Steps {
			role := p.Steps[step].Role
			if left := bytes[role]; len(left) > 0 {
				all[step], bytes[role] = left[0], left[1:]
			}
		}
	}
	return all
}

// between is the sum of what steps move between different nodes.
func between(p *plan.Plan, bytes []int64) (sum int64) {
	for i, s := range p.Steps {
		s.Bytes = bytes[i]
		for _, way := range s.Ways() {
			if way.Kind == plan.Transfer && way.From != way.To {
				sum = units.Add(sum, way.Bytes)
			}
		}
	}
	return sum
}
