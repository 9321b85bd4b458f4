package run

import (
	"math"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/record"
)

func TestVerdicts(t *testing.T) {
	well := &record.FabricHealth{Packets: 100_000}
	lost := func(n uint64) *record.FabricHealth {
		return &record.FabricHealth{Packets: 100_000, Lost: n, LostAt: "pi"}
	}
	model := func(done, disturbed, repeated, unwatched int) []record.ModelCounts {
		return []record.ModelCounts{{Model: "external", Done: done, Disturbed: disturbed, Repeated: repeated, Unwatched: unwatched}}
	}
	others := []record.Event{{What: []string{"x"}}, {Origin: "testbed link set wifi", What: []string{"y"}}}
	for name, c := range map[string]struct {
		models  []record.ModelCounts
		events  []record.Event
		fabric  *record.FabricHealth
		off     int
		verdict string
		first   string // in the first reason
	}{
		"quiet":    {model(100, 0, 0, 0), others[:1], well, 0, record.Green, ""},
		"mended":   {model(100, 0, 3, 0), nil, well, 0, record.Amber, "3 attempts were disturbed"},
		"a few":    {model(100, 5, 9, 0), nil, well, 0, record.Amber, "to 5 of 100 chains"},
		"too many": {model(100, 6, 9, 0), nil, well, 0, record.Red, "external: the host may have added more than 5 % to 6 of 100"},
		"changed":  {model(100, 0, 0, 0), others, well, 0, record.Red, "first by testbed link set wifi"},
		"verified": {model(100, 0, 0, 0), []record.Event{{Origin: "testbed verify", Load: "traffic"}}, well, 0, record.Red,
			"packets of his own while it was measured, first by testbed verify"},
		"a program": {model(100, 0, 0, 0), []record.Event{{Origin: "testbed exec", Load: "program"}}, well, 0, record.Amber,
			"first by testbed exec"},
		"off":                       {model(100, 0, 0, 0), nil, well, 2, record.Red, "2 of the links"},
		"not told":                  {model(100, 0, 0, 0), nil, nil, 0, record.Amber, "does not tell"},
		"a packet":                  {model(100, 0, 0, 0), nil, lost(1), 0, record.Amber, "lost 1 packets"},
		"a flood":                   {model(100, 0, 0, 0), nil, lost(486_170), 0, record.Red, "at pi"},
		"not known of one":          {model(100, 0, 0, 1), nil, well, 0, record.Amber, "of 1 chains"},
		"red before amber":          {model(100, 0, 3, 0), nil, lost(5000), 0, record.Red, "lost 5000"},
		"nothing came to its end":   {model(0, 0, 0, 0), nil, well, 0, record.Green, ""},
		"two reasons, one is amber": {model(100, 9, 3, 0), nil, lost(1), 0, record.Red, "external"},
	} {
		g := &guard{late: []float64{0.003, 0.001, 0.002}, sums: map[string]*sums{"external": {host: 0.01, latency: 1}}}
		v := g.judge(&record.Manifest{Models: c.models, Events: c.events}, c.fabric, 0, c.off)
		if v.Verdict != c.verdict || (c.first == "") != (len(v.Reasons) == 0) ||
			len(v.Reasons) > 0 && !strings.Contains(v.Reasons[0], c.first) {
			t.Errorf("%s: %s, %q", name, v.Verdict, v.Reasons)
		}
		if v.HostP50 != 0.002 || v.HostMax != 0.003 || v.Share != 0.05 || v.Chains != c.models[0].Done {
			t.Errorf("%s: %+v", name, v)
		}
		if slices.Contains(v.Others, "") || len(v.Others) > 1 {
			t.Errorf("%s: others: %q", name, v.Others)
		}
	}
}

// TestMeansThatTheHostMayHaveMoved: many chains that are each disturbed a little make a mean that is.
func TestMeansThatTheHostMayHaveMoved(t *testing.T) {
	g := &guard{sums: map[string]*sums{}}
	for _, late := range []float64{0.03, 0.01, 0.05} {
		if err := g.Write(record.Chain{Tags: record.Tags{Model: "external"}, Measured: record.Times{Latency: 1},
			Host: &record.HostLate{All: late}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	v := g.judge(&record.Manifest{Models: []record.ModelCounts{{Model: "external", Done: 3}}}, &record.FabricHealth{}, 0, 0)
	if v.Verdict != record.Red || math.Abs(v.Added["external"]-0.03) > 1e-12 || v.MostAdded() != v.Added["external"] ||
		!strings.Contains(v.Reasons[0], "up to 3 % to its mean") {
		t.Errorf("%+v", v)
	}
}
