package compare

import (
	"errors"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/record"
)

func TestConditionsAboutTheHost(t *testing.T) {
	fabric := &record.FabricHealth{Packets: 1000, LateP50: 5e-6, LateP99: 3e-4, LateMax: 0.02, Lost: 7}
	told := &record.Validity{Chains: 50, Disturbed: 3, Fabric: fabric}
	some := &record.Validity{Chains: 50, Disturbed: 3, Unwatched: 2}
	canary := &record.Validity{Canary: &record.Canary{Probes: 9, LateP99: 4e-4}, Lost: 2}
	none := &record.Validity{CanaryError: "there was no room for it"}
	for _, c := range []struct {
		text string
		of   *record.Validity
		want string // the violation; "": none; "error: ": words of the error
	}{
		{"host.late.p99 > 0.2ms", told, "host.late.p99 > 0.2ms (it is 0.300 ms)"},
		{"host.late.p99 > 400us", told, ""},
		{"host.late.p50 >= 5us", told, "host.late.p50 >= 5us (it is 0.005 ms)"},
		{"host.late.max > 20 ms", told, ""},
		{"host.lost > 0", told, "host.lost > 0 (it is 7)"},
		{"host.disturbed > 2", told, "host.disturbed > 2 (it is 3)"},
		{"host.disturbed == 3", told, "host.disturbed == 3 (it is 3)"},
		{"host.disturbed > 2", some, "host.disturbed > 2 (it is 3)"},
		{"host.disturbed > 5", some, ""},
		{"host.disturbed > 4", some, "error: between 3 and 5"},
		{"host.disturbed == 4", some, "error: between 3 and 5"},
		{"host.late.p99 > 1s", some, "error: did not tell of its lateness"},
		{"host.lost > 0", some, "error: did not tell of its lateness"},
		{"host.late.p99 > 0.2ms", canary, "host.late.p99 > 0.2ms (it is 0.400 ms)"},
		{"host.lost > 0", canary, "host.lost > 0 (it is 2)"},
		{"host.late.p99 > 0.2ms", none, "error: did not tell of its lateness"},
		{"host.lost > 0", none, ""},
		{"host.late.p99 > 1s", &record.Validity{Fabric: &record.FabricHealth{}}, "error: no packet"},
		{"host.disturbed > 0", &record.Validity{}, "error: no chain"},
		{"host.late.p99 > 1s", nil, "error: no verdict on itself"},
		{"verdict >= amber", &record.Validity{Verdict: record.Red}, "verdict >= amber (it is red)"},
		{"verdict > green", &record.Validity{Verdict: record.Amber}, "verdict > green (it is amber)"},
		{"verdict == red", &record.Validity{Verdict: record.Amber}, ""},
		{"verdict != green", &record.Validity{Verdict: record.Green}, ""},
		{"verdict == red", &record.Validity{Verdict: "blue"}, "error: says \"blue\" of itself"},
		{"verdict == red", nil, "error: no verdict on itself"},
	} {
		condition, err := ParseCondition(c.text, builtin.Catalogue())
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		found, err := condition.CheckRuns(&Comparison{Runs: []*Run{{Name: "a", Validity: c.of}}})
		got := ""
		for _, v := range found {
			got += v.String()
		}
		words, failure := strings.CutPrefix(c.want, "error: ")
		if failure {
			if !errors.Is(err, ErrCondition) || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %q, %v; want an error with %q", c.text, got, err, words)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.text, got, err, c.want)
		}
	}
}

// Each run is checked, and named.
func TestConditionsAboutTheHostsOfRuns(t *testing.T) {
	late := func(p99 float64) *record.Validity {
		return &record.Validity{Fabric: &record.FabricHealth{Packets: 1, LateP99: p99}}
	}
	c, err := ParseCondition("host.late.p99 > 0.2ms", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	all := &Comparison{Runs: []*Run{{Name: "quiet", Validity: late(1e-4)}, {Name: "busy", Validity: late(1e-3)}}}
	found, err := c.CheckRuns(all)
	if err != nil || len(found) != 1 || found[0].String() != "busy: host.late.p99 > 0.2ms (it is 1.000 ms)" {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := c.Check(nil); !errors.Is(err, ErrCondition) {
		t.Errorf("reports know the host: %v", err)
	}
}
