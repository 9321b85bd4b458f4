package cli

import (
	"testbed/emulator/compare"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
)

// printEdge shows what the plans of a scenario's jobs carry over the links to and from the cloud, if there are any.
func printEdge(s *State, e *resolved.Scenario) {
	if !e.LeavesEdge() {
		return
	}
	var all []record.Edge
	for _, m := range e.Models {
		plans, err := e.Chains(m)
		if err != nil {
			return // it has been told
		}
		all = append(all, run.Edge(e, string(m), plans))
	}
	_ = compare.WriteEdge(s.Stdout, all) // what cannot be printed is told in the end
}
