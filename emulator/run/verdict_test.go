package run

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/record"
)

func TestVerdicts(t *testing.T) {
	well := &record.FabricHealth{Packets: 100_000}
	lost := func(n uint64) *record.FabricHealth {
		return &record.FabricHealth{Packets: 100_000, Lost: n, LostAt: "pi"}
	}
	model := func(done, disturbed, repeated, unwatched int) []record.ModelCounts {
		return []record.ModelCounts{{
			Model: "external", Done: done, Disturbed: disturbed, Repeated: repeated, Unwatched: unwatched,
		}}
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
		"quiet":  {model(100, 0, 0, 0), others[:1], well, 0, record.Green, ""},
		"mended": {model(100, 0, 3, 0), nil, well, 0, record.Amber, "made again: 3"},
		"a few":  {model(100, 5, 9, 0), nil, well, 0, record.Amber, "to 5 of 100 chains"},
		"too many": {model(100, 6, 9, 0), nil, well, 0, record.Red,
			"external: the host may have added more than 5 % to 6 of 100"},
		"changed": {model(100, 0, 0, 0), others, well, 0, record.Red, "first by testbed link set wifi"},
		"verified": {model(100, 0, 0, 0), []record.Event{{Origin: "testbed verify", Load: "traffic"}}, well, 0, record.Red,
			"packets of his own while it was measured, first by testbed verify"},
		"a program": {model(100, 0, 0, 0), []record.Event{{Origin: "testbed exec", Load: "program"}}, well, 0, record.Amber,
			"first by testbed exec"},
		"off":                       {model(100, 0, 0, 0), nil, well, 2, record.Red, "2 of the links"},
		"not told":                  {model(100, 0, 0, 0), nil, nil, 0, record.Amber, "does not tell"},
		"a packet":                  {model(100, 0, 0, 0), nil, lost(1), 0, record.Amber, "lost 1 packet "},
		"a flood":                   {model(100, 0, 0, 0), nil, lost(486_170), 0, record.Red, "at pi"},
		"not known of one":          {model(100, 0, 0, 1), nil, well, 0, record.Amber, "of 1 chain"},
		"red before amber":          {model(100, 0, 3, 0), nil, lost(5000), 0, record.Red, "lost 5000"},
		"nothing came to its end":   {model(0, 0, 0, 0), nil, well, 0, record.Green, ""},
		"two reasons, one is amber": {model(100, 9, 3, 0), nil, lost(1), 0, record.Red, "external"},
	} {
		g := &guard{late: []float64{0.003, 0.001, 0.002}, sums: map[string]*sums{"external": {host: 0.01, latency: 1}}}
		v := g.judge(&record.Manifest{Models: c.models, Events: c.events}, seen{fabric: c.fabric}, 0, c.off)
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
	m := &record.Manifest{Models: []record.ModelCounts{{Model: "external", Done: 3}}}
	v := g.judge(m, seen{fabric: &record.FabricHealth{}}, 0, 0)
	if v.Verdict != record.Red || math.Abs(v.Added["external"]-0.03) > 1e-12 || v.MostAdded() != v.Added["external"] ||
		!strings.Contains(v.Reasons[0], "up to 3 % to its mean") {
		t.Errorf("%+v", v)
	}
}

// TestMeansThatTheHostMayHaveMovedAreThoseOfJobs: a chain counts as often as in the mean that is held against this.
func TestMeansThatTheHostMayHaveMovedAreThoseOfJobs(t *testing.T) {
	for _, c := range []struct {
		late, weight [2]float64
		added        float64
	}{
		{[2]float64{0.05, 0}, [2]float64{1, 1}, 0.025}, {[2]float64{0.05, 0}, [2]float64{1, 9}, 0.005},
		{[2]float64{0.05, 0}, [2]float64{9, 1}, 0.045}, {[2]float64{0.05, 0}, [2]float64{0, 4}, 0.01}, // 0: itself
	} {
		g := &guard{sums: map[string]*sums{}}
		for i := range c.late {
			if err := g.Write(record.Chain{Tags: record.Tags{Model: "external"}, Measured: record.Times{Latency: 1},
				Weight: c.weight[i], Host: &record.HostLate{All: c.late[i]}}, nil); err != nil {
				t.Fatal(err)
			}
		}
		m := &record.Manifest{Models: []record.ModelCounts{{Model: "external", Done: 2}}}
		v := g.judge(m, seen{fabric: &record.FabricHealth{}}, 0, 0)
		if math.Abs(v.Added["external"]-c.added) > 1e-12 || (v.Verdict == record.Red) != (c.added > tolerableMean) {
			t.Errorf("%v, weights %v: %v, %s, want %v", c.late, c.weight, v.Added, v.Verdict, c.added)
		}
	}
}

// TestChainsThatBeganLate: what began at other times than the arrival process says met another load.
func TestChainsThatBeganLate(t *testing.T) {
	for name, c := range map[string]struct {
		counts  record.ModelCounts
		verdict string
		reason  string
	}{
		"in time": {record.ModelCounts{Done: 100, LateMax: 0.004, LateMean: 0.0003, Gap: 0.1},
			record.Green, ""},
		"no times": {record.ModelCounts{Done: 100},
			record.Green, ""},
		"one": {record.ModelCounts{Done: 100, Late: 1, LateMax: 2, LateMean: 0.02, Gap: 0.1},
			record.Amber, "1 of 100 chains began more than 5 ms after they were due, by 2 s at most"},
		"as many as may": {record.ModelCounts{Done: 100, Late: 5, LateMax: 0.01, Gap: 0.1},
			record.Amber, "5 of 100"},
		"many": {record.ModelCounts{Done: 100, Late: 6, LateMax: 0.01, Gap: 0.1},
			record.Red, "6 of 100"},
		"of those that failed": {record.ModelCounts{Done: 50, Failed: 40, Lost: 10, Late: 5, LateMax: 0.01},
			record.Amber, "5 of 100"},
		"few, and by much": {record.ModelCounts{Done: 100, Late: 4, LateMax: 9, LateMean: 0.3, Gap: 0.1},
			record.Red, "all by 300 ms on average, where one is due each 100 ms"},
		"each by less, and dense": {record.ModelCounts{Done: 100, LateMax: 0.0045, LateMean: 0.003, Gap: 0.002},
			record.Red, "0 of 100"},
		"a burst": {record.ModelCounts{Done: 100, LateMax: 0.002, LateMean: 0.0005, Gap: 0.00001},
			record.Green, ""},
	} {
		c.counts.Model = "external"
		m := &record.Manifest{Models: []record.ModelCounts{c.counts}}
		v := (&guard{}).judge(m, seen{fabric: &record.FabricHealth{Packets: 1}}, 0, 0)
		if v.Verdict != c.verdict || (c.reason == "") != (len(v.Reasons) == 0) ||
			len(v.Reasons) > 0 && !strings.Contains(v.Reasons[0], c.reason) {
			t.Errorf("%s: %s, %q", name, v.Verdict, v.Reasons)
		}
		// Who takes chains of which the host may have added all takes them at any time.
		v = (&guard{}).judge(m, seen{fabric: &record.FabricHealth{Packets: 1}}, 1, 0)
		if (v.Verdict == record.Green) != (c.verdict == record.Green) || v.Verdict == record.Red {
			t.Errorf("%s, and the host may add all: %s, %q", name, v.Verdict, v.Reasons)
		}
	}
}

// TestVerdictsByCanaryAndHost: what is not known of the fabric is known by the canary; what the host lacked is named
// where it has disturbed something.
func TestVerdictsByCanaryAndHost(t *testing.T) {
	fabric, canary := &record.FabricHealth{Packets: 100_000}, &record.Canary{Probes: 1000}
	waited := 0.3
	stolen, waiting := &record.HostLoad{Steal: 0.02}, &record.HostLoad{CPU: &waited, Processors: 2, Steal: 0.01}
	hot := &record.HostLoad{Throttled: 3}
	for name, c := range map[string]struct {
		seen                seen
		disturbed, repeated int
		verdict             string
		reasons             []string // parts of them, in order
	}{
		"canary on a fabric that tells": {seen{fabric: fabric, canary: canary}, 0, 0, record.Green, nil},
		"none on such":                  {seen{fabric: fabric, mute: errors.New("no privilege")}, 0, 0, record.Green, nil},
		"canary on one that does not":   {seen{canary: canary, arrived: 10}, 0, 0, record.Green, nil},
		"it ended": {seen{canary: canary, mute: errors.New("it has ended")}, 0, 0, record.Amber,
			[]string{"not known: it has ended"}},
		"replaced": {seen{told: true, canary: canary}, 0, 0, record.Amber, []string{"another has taken its place"}},
		"none":     {seen{mute: errors.New("no privilege")}, 0, 0, record.Amber, []string{"not known: no privilege"}},
		"probes lost": {seen{canary: &record.Canary{Probes: 1000, Lost: 2}}, 0, 0, record.Amber,
			[]string{"2 of the canary's 1000 probes"}},
		"a device lost one": {seen{canary: canary, lost: 1, lostAt: "wire", arrived: 5000}, 0, 0, record.Amber,
			[]string{"lost 1 packet beside 5000 that arrived, most of them at wire"}},
		"a device lost many": {seen{canary: canary, lost: 100, lostAt: "wire", arrived: 5000}, 0, 0, record.Red,
			[]string{"lost 100 packets"}},
		"stolen, and nothing was disturbed": {seen{fabric: fabric, host: stolen}, 0, 0, record.Green, nil},
		"stolen": {seen{fabric: fabric, host: stolen}, 0, 3, record.Amber,
			[]string{"made again: 3", "2 % of the processors' time went to other virtual machines"}},
		"waiting": {seen{fabric: fabric, host: waiting}, 2, 3, record.Amber,
			[]string{"2 of 100 chains", "in 30 % of the time something waited for one of 2 processors"}},
		"hot": {seen{canary: canary, host: hot, lost: 1, arrived: 5000}, 0, 0, record.Amber,
			[]string{"lost 1", "slowed down 3 times"}},
		"red stays red": {seen{fabric: fabric, host: stolen}, 50, 0, record.Red, []string{"external", "50 of 100", "2 %"}},
	} {
		m := &record.Manifest{Models: []record.ModelCounts{{Model: "external", Done: 100, Disturbed: c.disturbed,
			Repeated: c.repeated}}}
		v := (&guard{}).judge(m, c.seen, 0, 0)
		fits := v.Verdict == c.verdict && len(v.Reasons) == len(c.reasons)
		for i := range c.reasons {
			fits = fits && strings.Contains(v.Reasons[i], c.reasons[i])
		}
		if !fits {
			t.Errorf("%s: %s, %q", name, v.Verdict, v.Reasons)
		}
		if (v.CanaryError != "") != (c.seen.mute != nil) || v.Canary != c.seen.canary || v.Host != c.seen.host {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// TestWhoLostMost: what was lost before the run does not count, nor do counters that were made anew.
func TestWhoLostMost(t *testing.T) {
	status := func(pi, server, wire, carried uint64) fabric.Status {
		return fabric.Status{
			Stations: []fabric.StationStatus{{Name: "pi", Errors: pi, Packets: carried}, {Name: "server", Errors: server}},
			Queues: []fabric.QueueStatus{ // all have passed both
				{Link: "wire", Errors: wire, Packets: carried}, {Link: "wire", Dir: 1, Errors: wire, Packets: carried}}}
	}
	before := lostBy(status(10, 5, 0, 7))
	for _, c := range []struct {
		after fabric.Status
		lost  uint64
		at    string
	}{
		{status(10, 5, 0, 9), 0, ""}, {status(11, 9, 0, 9), 5, "server"}, {status(3, 5, 1, 9), 2, "wire"},
	} {
		if n, at := lostBy(c.after).since(before); n != c.lost || at != c.at || lostBy(c.after).arrived != 9 {
			t.Errorf("%+v: %d at %q", c.after, n, at)
		}
	}
	if n, at := (lost{}).since(before); n != 0 || at != "" {
		t.Errorf("a fabric that does not answer: %d at %q", n, at)
	}
}
