package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/compare"
	"testbed/emulator/plan"
	"testbed/emulator/record"
	"testbed/emulator/report/html"
	"testbed/emulator/report/run"
)

// Every sentence is used: by its name, or by that of what it is the title or the caption of.
func TestEverySentenceIsUsed(t *testing.T) {
	var source strings.Builder
	for _, pattern := range []string{"*.go", "figures/figures.go", "sentences/*.tmpl"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			source.WriteString(strings.ReplaceAll(string(text), "{{define", ""))
		}
	}
	all := templates().Templates()
	if len(all) < 50 {
		t.Errorf("%d sentences", len(all))
	}
	for _, s := range all {
		name := s.Name()
		used := strings.Contains(source.String(), `say("`+name+`"`) ||
			strings.Contains(source.String(), `{{template "`+name+`"`)
		for _, suffix := range []string{".title", ".caption"} {
			of, is := strings.CutSuffix(name, suffix)
			used = used || is && strings.Contains(source.String(), `"`+of+`"`)
		}
		for _, prefix := range []string{"headline.", "outcome."} { // how a run or a finding ended
			of, is := strings.CutPrefix(name, prefix)
			used = used || is && (strings.Contains(source.String(), `"`+of+`"`) || known(compare.Outcome(of)))
		}
		if !used && name != "sentences" {
			t.Errorf("no code says %q", name)
		}
	}
}

func known(o compare.Outcome) bool {
	return o == compare.Holds || o == compare.Fails || o == compare.Open || o == compare.TooFew
}

func TestHeadlines(t *testing.T) {
	whole := record.ModelCounts{Planned: 12345, Done: 12345}
	for want, m := range map[string]record.Manifest{
		"The run is under way, or was killed: what follows is what it had written.": {Exit: record.Running},
		"The run was interrupted after 7 of 12\u202f345 chains.": {
			Exit: record.Interrupted, Models: []record.ModelCounts{{Planned: 12345, Done: 4, Failed: 2, Lost: 1}},
		},
		"The run failed: of  no\nreason ": {Exit: record.Failed, Error: "of  no\nreason "},
		"3 of 9 chains failed or lost state.": {
			Exit: record.OK, Models: []record.ModelCounts{{Planned: 9, Done: 6, Failed: 2, Lost: 1}},
		},
		"The run's manifest counts no chains.": {Exit: record.OK},
		"All 12\u202f345 chains came to their end, but 2 samples could not be written.": {
			Exit: record.OK, Models: []record.ModelCounts{whole}, Samples: record.Counts{Dropped: 2},
		},
		"The only chain came to its end with its state intact.": {
			Exit: record.OK, Models: []record.ModelCounts{{Planned: 1, Done: 1}},
		},
		"All 12\u202f345 chains came to their end with their state intact.": {
			Exit: record.OK, Models: []record.ModelCounts{whole}, End: time.Unix(1, 0),
		},
	} {
		good, got := headline(&run.Run{Manifest: &m})
		if got != want || good != strings.Contains(want, "intact") {
			t.Errorf("%q, %v; want %q", got, good, want)
		}
	}
}

// What is said of how well a prediction agrees, whole sentences.
func TestAgreement(t *testing.T) {
	group := func(model plan.Model, median, p95 float64) compare.Group {
		g := compare.Group{Model: model, Paired: 9}
		g.Total.Error.Median, g.Total.Error.P95 = median, p95
		return g
	}
	a, b := group("a", 0.01, 0.05), group("b", 0.025, 0.2)
	findings := []compare.Finding{
		{Model: "a", Outcome: compare.Holds}, {Model: "b", Outcome: compare.Open}, {Model: "c", Outcome: compare.Holds},
		{Model: "d", Outcome: compare.Fails}, {Model: "e", Outcome: compare.TooFew}, {Model: "a", Length: 2},
	}
	for want, r := range map[string]compare.Report{
		"": {Engine: "x", Models: []compare.Group{{Model: "a"}}},
		"The median error chain by chain of x is 1 %; 95 % of the chains are within 5 %.": {
			Engine: "x", Models: []compare.Group{a, {Model: "none"}},
		},
		"The prediction by x has a median error chain by chain of 1 % to 2.5 % by execution model; " +
			"the 95th percentile is above 10 % for b (20 %).": {Engine: "x", Models: []compare.Group{a, b}},
		"The prediction by x holds within 5 % of the mean for a, c; it does not hold within 5 % for d; it is undecided " +
			"for b; it has too few chains for a verdict on e. Its median error chain by chain is 1 % to 2.5 % by execution " +
			"model; the 95th percentile is above 10 % for b (20 %).": {
			Engine: "x", Models: []compare.Group{b, a}, Verdict: compare.Verdict{Within: 0.05, Findings: findings},
		},
	} {
		if got := strings.Join(verdict(&run.Run{Reports: []*compare.Report{&r}}), "|"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestValidityIsSaid(t *testing.T) {
	fabric, waited := &record.FabricHealth{LateP99: 42e-6}, 0.123
	canary := &record.Canary{Probes: 900, LateP50: 6e-5, LateP99: 4e-4, LateMax: 0.0021, Lost: 3}
	load := &record.HostLoad{Processors: 2, Idle: 1, Steal: 0.02, CPU: &waited}
	for _, c := range []struct {
		v    *record.Validity
		want html.Validity
	}{
		{nil, html.Validity{}},
		{&record.Validity{Verdict: "purple"}, html.Validity{Colour: "purple"}}, // a file says what it likes: nothing is shown
		{&record.Validity{Verdict: record.Green, HostMax: 0.0012}, html.Validity{Colour: record.Green,
			Text: "The host has kept out of the measurement: to no chain may it have added more than 1.2 ms."}},
		{&record.Validity{Verdict: record.Green, HostMax: 0.0012, Fabric: fabric}, html.Validity{Colour: record.Green,
			Text: "The host has kept out of the measurement: to no chain may it have added more than 1.2 ms, " +
				"and of all packets 99 % were on time to 0.042 ms."}},
		{&record.Validity{Verdict: record.Green, HostMax: 0.0012, Fabric: fabric,
			Added: map[string]float64{"x": 0.004, "y": 0.001}},
			html.Validity{Colour: record.Green, Text: "The host has kept out of the measurement: to no chain may it " +
				"have added more than 1.2 ms, to no model's mean more than 0.4 %, and of all packets 99 % were on time to " +
				"0.042 ms."}},
		{&record.Validity{Verdict: record.Amber, Reasons: []string{"a"}},
			html.Validity{Colour: record.Amber, Text: "Nearly undisturbed: a."}},
		{&record.Validity{Verdict: record.Amber, Reasons: []string{"a"}, Added: map[string]float64{"x": 0.004}},
			html.Validity{Colour: record.Amber,
				Text: "Nearly undisturbed: a. To no model's mean may the host have added more than 0.4 %."}},
		{&record.Validity{Verdict: record.Red, Reasons: []string{"a", "b"}},
			html.Validity{Colour: record.Red, Text: "What was measured is not what the scenario says: a; b."}},
		{&record.Validity{Verdict: record.Red, Canary: canary, Host: load}, html.Validity{Colour: record.Red,
			Text: "What was measured is not what the scenario says: .",
			Host: "The canary's 900 probes were late by 0.06 ms at the median, 0.4 ms at the 99th percentile and 2.1 ms at " +
				"most, and 3 were lost. The host's 2 processors were idle for 100 % of their time and not at hand for 2 %; " +
				"in 12.3 % of the run something waited for one."}},
		{&record.Validity{Verdict: "purple", Host: &record.HostLoad{Processors: 1}}, html.Validity{Colour: "purple",
			Host: "The host's 1 processors were idle for 0 % of their time and not at hand for 0 %."}},
	} {
		if got := validity(c.v); got != c.want {
			t.Errorf("%+v: %+v", c.v, got)
		}
	}
}
