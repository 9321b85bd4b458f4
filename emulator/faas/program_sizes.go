package faas

import (
	"slices"

	"testbed/emulator/plan"
	"testbed/emulator/units"
)

// Resized is the plan with the bytes that the invocations of programs have moved in place of those that were planned, for
// only the programs know them. It is p itself where there are none, as of a result that is nil.
func (r *ChainResult) Resized(p *plan.Plan) *plan.Plan {
	if r == nil || len(r.Programs) == 0 {
		return p
	}
	next := *p
	next.Steps, next.Invocations = slices.Clone(p.Steps), slices.Clone(p.Invocations)
	for _, one := range r.Programs {
		inv := &next.Invocations[one.Invocation]
		inv.States = slices.Clone(inv.States)
		one.resize(inv, next.Steps)
	}
	return &next
}

// resize enters the sizes into an invocation and its steps.
func (r *ProgramResult) resize(inv *plan.Invocation, steps []plan.Step) {
	inv.Argument, inv.Result = r.Argument, r.Result
	request, response := r.Argument, r.Result
	var read, written []int64 // of repositories
	for i, s := range r.States {
		state := &inv.States[i]
		state.Bytes, state.Grown = s.Read, s.Written-s.Read
		switch state.Location {
		case plan.Carried:
			request, response = units.Add(request, s.Read), units.Add(response, s.Written)
		case plan.Repository:
			read, written = append(read, s.Read), append(written, s.Written)
		}
	}
	for _, index := range inv.Steps {
		switch s := &steps[index]; s.Role {
		case plan.Request:
			s.Bytes = request
		case plan.Response:
			s.Bytes = response
		case plan.Read:
			s.Bytes, read = read[0], read[1:]
		case plan.Write:
			s.Bytes, written = written[0], written[1:]
		}
	}
}
