package study

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/campaign"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/predict/statesim"
)

// TestVary holds what each assumption does to results/baseline/paper-vary.md, which says it to people; -update writes
// it anew.
func TestVary(t *testing.T) {
	s, err := Scenario(builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	simulation, _, err := campaign.Simulation(s)
	if err != nil {
		t.Fatal(err)
	}
	spec := campaign.Study()
	spec.Replications = 20
	var told []string
	all, err := Vary(t.Context(), campaign.Config{Spec: spec, Simulation: simulation}, func(name string, _, of int) {
		told = append(told, name)
		if of != len(statesim.Switches)+7 {
			t.Errorf("%d campaigns", of)
		}
	})
	// One as published, one for each switch, and for that of the central host all that tie with the first of eight.
	if err != nil || len(all) != len(statesim.Switches)+7 || len(told) != len(all) || all[0].Switch != "" {
		t.Fatalf("%d variants, %d told, %v", len(all), len(told), err)
	}
	for i, v := range all {
		if len(v.Means) != 4 || len(v.Statements) != len(checks) || v.InFlight <= 0 || v.InFlight > 0.2 || v.Jobs != 500 {
			t.Errorf("%s: %+v", v.Switch, v)
		}
		if i > 0 && strings.Contains(v.Switch, "central") != strings.HasPrefix(v.Switch, "central=") {
			t.Errorf("%s", v.Switch)
		}
	}
	if got := all[0].Statements[0].Verdict(); got != "holds" {
		t.Errorf("as published the first statement %s", got)
	}
	var text bytes.Buffer
	if err := WriteVaried(&text, all); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "..", "results", "baseline", "paper-vary.md")
	if *update {
		if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	compareLines(t, "paper-vary.md", text.String(), string(kept))
	for _, want := range []string{
		"| store-per-premises |", "| central=tx2_3 ", "  - 1 was yes, is no: ", "11. latency grows", "in-edge ms |    MB |",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, text.String())
		}
	}
}
