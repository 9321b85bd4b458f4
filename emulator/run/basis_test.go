package run

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/record"
	"testbed/emulator/record/recordtest"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// finds lets a run find the network of the fake testbed changed, as the orchestrator tells of it.
func (b *bed) finds(change func(*topology.Shape)) {
	t := *b.e.Topology
	t.Vertices = slices.Clone(t.Vertices)
	id, _ := t.Lookup("wire")
	for dir := range 2 {
		change(&t.Vertices[id].Shape[dir])
	}
	b.found = &Found{Network: fabric.Network{Topology: &t, Queues: t.QueueLimits()}, Changed: []string{"wire: otherwise"},
		By: []string{"testbed link set"}}
}

// ran runs, and tells what was predicted of each chain, in s.
func ran(t *testing.T, c Config) (*record.Manifest, *topology.Topology, map[string]float64) {
	t.Helper()
	o, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := record.ReadTopology(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	chains, err := recordtest.Chains(o.Dir)
	if err != nil || len(chains) == 0 {
		t.Fatalf("%d chains, %v", len(chains), err)
	}
	all := map[string]float64{}
	for _, chain := range chains {
		all[chain.Model+" "+chain.Job] = chain.Predicted.Latency
	}
	return concluded(t, o), graph, all
}

// TestANetworkChangedBeforeTheRunIsTheOnePredicted: whatever links do when a run begins, predictions and topology.json
// are of that, as if the scenario said it; the manifest says what it was, and it is no fault.
func TestANetworkChangedBeforeTheRunIsTheOnePredicted(t *testing.T) {
	for name, c := range map[string]struct {
		more   string // of the scenario
		link   string // by which it says the same
		change func(*topology.Shape)
	}{
		"delay": {"", "rate: 20Mbps, delay: 100ms", func(s *topology.Shape) { s.Delay = 100 * time.Millisecond }},
		// Placement goes by rates, and stays as the scenario's network has it.
		"rate": {"placement: {hosts: [server]}\n", "rate: 1Mbps, delay: 10ms",
			func(s *topology.Shape) { s.Rate = units.Mbps }},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, untouched := newBed(t, c.more)
			_, _, before := ran(t, untouched)
			_, declared := bedOf(t, preparedBy(t, t.TempDir(), c.link, c.more))
			_, graph, want := ran(t, declared)
			b, changed := newBed(t, c.more)
			b.finds(c.change)
			m, found, got := ran(t, changed)
			differ := false
			for chain, p := range want {
				differ = differ || math.Abs(before[chain]-p) > 1e-6
				if math.Abs(got[chain]-p) > 1e-9 {
					t.Errorf("%s: %s is predicted to take %v s, and %v where the scenario says so", name, chain, got[chain], p)
				}
			}
			if !differ {
				t.Errorf("%s: it changes no prediction", name)
			}
			id, _ := graph.Lookup("wire")
			if found.Vertices[id].Shape != graph.Vertices[id].Shape {
				t.Errorf("%s: %s has %+v", name, record.TopologyFile, found.Vertices[id].Shape)
			}
			if m.Changed == nil || !slices.Equal(m.Changed.What, b.found.Changed) || len(m.Changed.By) != 1 ||
				m.Validity.Verdict == record.Red {
				t.Errorf("%s: %+v, %+v", name, m.Changed, m.Validity)
			}
		})
	}
}

// TestSilenceBeforeTheRunIsRed: predictions know nothing of what carries nothing.
func TestSilenceBeforeTheRunIsRed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		b.found = &Found{Network: fabric.Network{Topology: b.e.Topology}, Silent: []string{"host server is down"},
			By: []string{"testbed link down server"}}
		m, _, _ := ran(t, c)
		if v := m.Validity; v.Verdict != record.Red || !strings.Contains(v.Reasons[0],
			"host server is down (testbed link down server)") || !strings.Contains(v.Reasons[0], "`testbed link reset`") {
			t.Errorf("%+v", v)
		}
	})
}

// TestANetworkOfOtherVerticesIsNotRunOn.
func TestANetworkOfOtherVerticesIsNotRunOn(t *testing.T) {
	b, c := newBed(t, "")
	b.found = &Found{Network: fabric.Network{Topology: topology.New("other")}, Changed: []string{"all"}}
	if o, err := Run(t.Context(), c); err == nil || o.Dir != "" || b.runs != "" {
		t.Errorf("%+v, %v; on the testbed is %q", o, err, b.runs)
	}
}

// TestTheHostsPartOfAMessageIsJudged: what is calibrated is in the prediction of every message.
func TestTheHostsPartOfAMessageIsJudged(t *testing.T) {
	for name, c := range map[string]struct {
		step, way, vague float64 // s
		verdict          string
	}{
		"as hosts are":                 {0.0202, 0.020, 0, record.Green},
		"as well as can be told":       {0.01996, 0.020, 0, record.Green},
		"slower than any host":         {0.0215, 0.020, 0, record.Amber},
		"another network":              {0.100, 0.010, 0, record.Amber},
		"faster than packets can be":   {0.0198, 0.020, 0, record.Amber},
		"no way at all":                {0.001, 0.020, 0, record.Amber},
		"early by intent":              {0.0198, 0.020, 0.002, record.Green},
		"late by intent":               {0.0215, 0.020, 0.004, record.Green},
		"earlier than it is to be":     {0.0180, 0.020, 0.002, record.Amber},
		"nothing measured, and no way": {0, 0, 0, record.Green},
	} {
		v := &record.Validity{Verdict: record.Green}
		judgeBasis(v, &record.Manifest{Overhead: &record.Overhead{Step: c.step, Way: c.way, Vague: c.vague, From: "pi",
			To: "server"}})
		if v.Verdict != c.verdict || (len(v.Reasons) > 0) != (c.verdict == record.Amber) {
			t.Errorf("%s: %+v", name, v)
		}
		for _, reason := range v.Reasons {
			if !strings.Contains(reason, "from pi to server") || !strings.Contains(reason, "`testbed verify`") {
				t.Errorf("%s: %s", name, reason)
			}
		}
	}
	v := &record.Validity{Verdict: record.Green}
	if judgeBasis(v, &record.Manifest{}); v.Verdict != record.Green {
		t.Errorf("a run that was not calibrated: %+v", v)
	}
}

// TestCalibrationSaysWhatItRestsOn: the way that is predicted, half of there and back, between whom, and its jitter.
func TestCalibrationSaysWhatItRestsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := bedOf(t, preparedBy(t, t.TempDir(), "delay: {up: 4ms, down: 8ms}, jitter: {up: 1ms, down: 2ms}", ""))
		m, _, _ := ran(t, c)
		o := m.Overhead
		if o.From != "pi" || o.To != "server" || math.Abs(o.Way-0.006) > 0.0005 || math.Abs(o.Vague-0.0015) > 1e-9 {
			t.Errorf("%+v", o)
		}
	})
}

// TestLinksThatCouldNotBeMeasuredAreNotGreen.
func TestLinksThatCouldNotBeMeasuredAreNotGreen(t *testing.T) {
	v := &record.Validity{Verdict: record.Green}
	judgeBasis(v, &record.Manifest{FidelityError: errors.Join(errors.New("one"), errors.New("two"),
		errors.New("three")).Error()})
	if v.Verdict != record.Amber || len(v.Reasons) != 1 || !strings.HasSuffix(v.Reasons[0], "one; and 2 more") {
		t.Errorf("%+v", v)
	}
}

// carried is what a fabric has carried until now.
type carried struct {
	mu      sync.Mutex
	packets uint64
	lost    uint64
	late    health.Histogram
}

// takes lets packets arrive, all of them as late, and others be lost.
func (c *carried) takes(packets int, late time.Duration, lost uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.packets, c.lost = c.packets+uint64(packets), c.lost+lost
	for range packets {
		c.late.Record(int64(late))
	}
}

// TestOnlyTheReplaysPacketsAreJudged: what the links' measurement and the calibration carried before is many times as
// much as the chains' packets. It neither hides what became of these, nor is what became of it blamed on them.
func TestOnlyTheReplaysPacketsAreJudged(t *testing.T) {
	for name, c := range map[string]struct {
		told                 bool
		before, during       uint64 // lost
		lateBefore, lateThen time.Duration
		verdict              string
	}{
		"a netem's replay loses":   {false, 0, 75, 0, 0, record.Red},
		"a netem's test loses":     {false, 5000, 0, 0, 0, record.Amber}, // there is no canary
		"the replay loses":         {true, 0, 75, 0, 0, record.Red},
		"the measurement loses":    {true, 5000, 0, 0, 0, record.Green},
		"the replay is late":       {true, 0, 0, 80 * time.Microsecond, 5 * time.Millisecond, record.Green},
		"the measurement was late": {true, 0, 0, 5 * time.Millisecond, 80 * time.Microsecond, record.Green},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, config := newBed(t, "replay: {disturbed: {then: keep}}\n")
			f := &carried{}
			config.Fidelity = true
			b.verify = func() ([]record.Fidelity, error) {
				f.takes(100_000, c.lateBefore, c.before)
				return nil, nil
			}
			b.empty = func() error { f.takes(50, c.lateBefore, 0); return nil }
			b.step = 10500 * time.Microsecond // and a way of 10 ms
			lost, during := c.during, uint64(0)
			b.run = func(context.Context, *faas.ChainSpec, *faas.ChainResult) error {
				f.takes(500, c.lateThen, lost)
				lost, during = 0, during+500
				return nil
			}
			b.stations = func() []fabric.StationStatus {
				f.mu.Lock()
				defer f.mu.Unlock()
				return []fabric.StationStatus{{Name: "server", Packets: f.packets, Errors: f.lost}}
			}
			if c.told {
				b.health = func() (health.Health, error) {
					f.mu.Lock()
					defer f.mu.Unlock()
					return health.Health{From: 1, Written: f.late}, nil
				}
			}
			m, _, _ := ran(t, config)
			v := m.Validity
			if v.Verdict != c.verdict {
				t.Errorf("%s: %s, %q", name, v.Verdict, v.Reasons)
			}
			if !c.told {
				if v.Lost != c.during {
					t.Errorf("%s: %d lost, want %d", name, v.Lost, c.during)
				}
				return
			}
			if v.Fabric.Packets != during || during == 0 || v.Fabric.Lost != c.during ||
				math.Abs(v.Fabric.LateP99-c.lateThen.Seconds()) > 0.1*c.lateThen.Seconds()+1e-6 {
				t.Errorf("%s: %+v", name, v.Fabric)
			}
		})
	}
}

// TestTheHostsPartIsOfBothDirections: what an empty message takes is held against the way there and back, and where a
// link varies by intent nothing is held against it.
func TestTheHostsPartIsOfBothDirections(t *testing.T) {
	ways := map[string]*record.Overhead{}
	for _, link := range []string{
		theWire, "rate: 20Mbps, delay: {up: 18ms, down: 2ms}", "rate: 20Mbps, trace: {file: delays.csv}",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "delays.csv"), []byte("time,delay\n0,10ms\n10,60ms\n20,10ms\n"),
			0o644); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			_, c := bedOf(t, preparedBy(t, dir, link, ""))
			m, _, _ := ran(t, c)
			ways[link] = m.Overhead
			if m.Overhead.Varies != strings.Contains(link, "trace") {
				t.Errorf("%s: varies: %t", link, m.Overhead.Varies)
			}
			if m.Overhead.Varies {
				for _, reason := range m.Validity.Reasons {
					if strings.Contains(reason, "messages from") {
						t.Errorf("%s: %s", link, reason)
					}
				}
			}
		})
	}
	if one, two := ways[theWire].Way, ways["rate: 20Mbps, delay: {up: 18ms, down: 2ms}"].Way; math.Abs(one-two) > 1e-9 {
		t.Errorf("%v s over a link, and %v over one that takes the same there and back", one, two)
	}
}
