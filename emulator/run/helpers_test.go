package run

import (
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
)

func reprepared(t *testing.T, path string) *resolved.Scenario {
	t.Helper()
	sc, err := scenario.Load(path, builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	e, err := resolved.Prepare(sc)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// deref has the plans themselves, for printing.
func deref(all [][]*plan.Plan) [][]plan.Plan {
	var out [][]plan.Plan
	for _, of := range all {
		var list []plan.Plan
		for _, p := range of {
			list = append(list, *p)
		}
		out = append(out, list)
	}
	return out
}
