package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// TestOutagesOfEvents: predictors know when each host is down, the cloud as well, and what they do not know is said:
// which ones do not come back, however they went down.
func TestOutagesOfEvents(t *testing.T) {
	for _, name := range []string{"pi", "server", "cloud"} {
		for text, want := range map[string]struct {
			outages []predict.Outage
			gone    string
		}{
			"{from: 100ms, to: 1s, node: %s, down}":                        {[]predict.Outage{{From: 1e8, To: 1e9}}, ""},
			"{at: 2s, node: %s, down}, {at: 3s, node: %s, up}":             {[]predict.Outage{{From: 2e9, To: 3e9}}, ""},
			"{at: 2.9s, node: %s, down}":                                   {nil, "(at 2.9s)"},
			"{from: 1s, to: 2s, node: %s, down}, {at: 1.5s, node: %s, up}": {[]predict.Outage{{From: 1e9, To: 15e8}}, ""},
			"{from: 1s, to: 2s, node: %s, down}, {at: 4s, node: %s, down}": {
				[]predict.Outage{{From: 1e9, To: 2e9}}, "(at 4s)",
			},
			"{at: 0s, link: wire, down}": {nil, ""},
		} {
			list := strings.ReplaceAll(text, "%s", name)
			e := prepared(t, t.TempDir(), "events: ["+list+"]\n")
			got := Setting(e).Outages
			for i := range want.outages {
				node := slices.IndexFunc(e.Topology.Vertices, func(v topology.Vertex) bool { return v.Name == name })
				want.outages[i].Node = topology.ID(node)
			}
			if fmt.Sprint(got) != fmt.Sprint(want.outages) {
				t.Errorf("%s: %v, want %v of %s", list, got, want.outages, name)
			}
			notes := LeftOut(e, nil)
			if (len(notes) > 0) != (want.gone != "") || want.gone != "" && !strings.Contains(notes[0], name+" "+want.gone) {
				t.Errorf("%s: %q", list, notes)
			}
		}
	}
}

// TestPredictedTimeouts: chains that are predicted to take longer than they may are counted, model by model.
func TestPredictedTimeouts(t *testing.T) {
	e := prepared(t, t.TempDir(), "replay: {timeout: 2s}\n")
	chain := func(m plan.Model, total time.Duration) predict.Prediction {
		return predict.Prediction{Model: m, Total: total.Seconds()}
	}
	if notes := LeftOut(e, []predict.Prediction{chain(plan.External, 2*time.Second)}); len(notes) != 0 {
		t.Errorf("as long as they may: %q", notes)
	}
	notes := LeftOut(e, []predict.Prediction{chain(plan.External, 3*time.Second), chain(plan.InFunction, time.Second),
		chain(plan.External, time.Second), chain(plan.External, time.Minute)})
	if len(notes) != 1 || !strings.Contains(notes[0], "external") || !strings.HasSuffix(notes[0], "over: 2 of them") {
		t.Errorf("%q", notes)
	}
}
