package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator/canary"
	"testbed/emulator/compare"
	"testbed/emulator/compare/rundir"
	"testbed/emulator/faas"
	"testbed/emulator/health"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/record"
	"testbed/emulator/record/recordtest"
	"testbed/emulator/replay"
	"testbed/emulator/resolved"
)

// concluded reads what a run has left, which must be sound however the run ended.
func concluded(t *testing.T, o *Outcome) *record.Manifest {
	t.Helper()
	m, err := record.Verify(o.Dir)
	if err != nil {
		t.Fatalf("what the run left: %v", err)
	}
	if o.Run == nil || o.Run.Directory != o.Dir || o.Run.Exit != m.Exit {
		t.Errorf("the outcome's run is %+v", o.Run)
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s is left", e.Name())
		}
	}
	return m
}

func TestRunThatSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		b.changes = []Change{{Revision: 7, Time: time.Now(), Origin: "`testbed link set`", What: []string{"wire rate=1Mbps"}}}
		var phases, events []string
		c.Phase = func(s string) { phases = append(phases, s) }
		c.Event = func(e record.Event) { events = append(events, e.Origin) }
		c.Fidelity = true
		progress := 0
		c.Progress = func(replay.Progress) { progress++ }
		began := Live{}
		c.Began = func(l Live) { began = l }
		o, err := Run(t.Context(), c)
		if err != nil || o.Failures() != 0 || len(o.Reports) != 2 || o.Off != nil || o.Incomplete() != nil {
			t.Fatalf("%v, %+v", err, o)
		}
		jobs := len(c.Scenario.Jobs)
		m := concluded(t, o)
		if m.Exit != record.OK || m.Error != "" || len(m.Queues) != 2 || len(m.Fidelity) != 1 || m.Overhead == nil ||
			len(m.Models) != 2 {
			t.Errorf("%+v", m)
		}
		for _, models := range m.Models {
			if models.Done != jobs || models.Planned != jobs {
				t.Errorf("%+v, of %d jobs", models, jobs)
			}
		}
		if progress != 2*jobs || began.Dir != o.Dir || began.Latest == nil || began.Database != nil || len(phases) < 4 {
			t.Errorf("progress %d, %+v, phases %q", progress, began, phases)
		}
		if m.Sampling == nil || m.Sampling.Missed != 0 || m.Sampling.Interval != 0.05 || m.Samples.Observed == 0 {
			t.Errorf("%+v, %+v", m.Sampling, m.Samples)
		}
		if len(m.Events) != 1 || m.Events[0].Origin != "`testbed link set`" || m.Events[0].Revision != 7 ||
			m.Events[0].Time.IsZero() || len(events) != 1 {
			t.Errorf("what others changed: %+v, told %q", m.Events, events)
		}
		if b.runs != "" || b.open != 0 || !slices.Equal(b.began, []string{m.Run}) {
			t.Errorf("the lease of %q, %d agents open, began %q", b.runs, b.open, b.began)
		}
		chains, err := recordtest.Chains(o.Dir)
		if err != nil || len(chains) != 2*jobs || chains[0].Predicted == nil || chains[0].Testbed != "fake" {
			t.Errorf("%d chains, %v", len(chains), err)
		}
		// What the run says of itself is what `testbed compare` says of its directory.
		again, err := rundir.Open(o.Dir, compare.Options{Catalogue: builtin.Catalogue()})
		first := o.Reports[0].Models[0].Total.Measured.Mean
		if err != nil || !again.Sealed || len(again.Reports) != 2 ||
			again.Reports[0].Models[0].Total.Measured.Mean != first {
			t.Errorf("%v: %+v", err, again)
		}
	})
}

// TestRunIsReproducedFromItsDirectory: moved elsewhere, without the files that it was made from.
func TestRunIsReproducedFromItsDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := newBed(t, "")
		o, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		want, err := plansOf(c.Scenario)
		if err != nil {
			t.Fatal(err)
		}
		moved := filepath.Join(t.TempDir(), "somewhere else")
		if err := errors.Join(os.Rename(o.Dir, moved), os.RemoveAll(filepath.Dir(c.Scenario.Source.Path()))); err != nil {
			t.Fatal(err)
		}
		path, err := resolved.Reproduce(moved)
		if err != nil {
			t.Fatal(err)
		}
		again := reprepared(t, path)
		got, err := plansOf(again)
		if err != nil || fmt.Sprintf("%+v", deref(got)) != fmt.Sprintf("%+v", deref(want)) {
			t.Errorf("other plans are made: %v", err)
		}
	})
}

func TestChainsThatFailAreNoErrorOfTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		n := 0
		b.run = func(_ context.Context, spec *faas.ChainSpec, r *faas.ChainResult) error {
			n++
			switch n {
			case 1:
				return errors.New("refused")
			case 2:
				r.Error = "a worker has died"
			case 3: // it loses its states, as a repository does that begins anew
				b.mu.Lock()
				defer b.mu.Unlock()
				for _, of := range b.versions {
					for key := range of {
						if strings.HasPrefix(key, spec.Key+"/") {
							of[key] = -1
						}
					}
				}
			}
			return nil
		}
		o, err := Run(t.Context(), c)
		if err != nil || o.Failures() != 3 || len(o.Summary.Errors) != 3 {
			t.Fatalf("%v, %d failures, %q", err, o.Failures(), o.Summary.Errors)
		}
		m := concluded(t, o)
		if m.Exit != record.OK || m.Models[0].Failed != 2 || m.Models[0].Lost+m.Models[1].Lost != 1 {
			t.Errorf("%+v", m)
		}
	})
}

// TestGapsOfTheSamplerAreCounted in the manifest.
func TestGapsOfTheSamplerAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		var asked atomic.Int32 // by the sampler, and for what leaves the edge
		b.inspect = func(context.Context) error {
			if n := asked.Add(1); n > 1 && n < 5 {
				return errors.New("busy")
			}
			return nil
		}
		o, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if m := concluded(t, o); m.Sampling.Missed != 3 {
			t.Errorf("%+v, want 3 missed", m.Sampling)
		}
	})
}

func TestSecondReplayIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		var second error
		var other *Outcome
		c.Progress = func(p replay.Progress) {
			if p.Done == 1 {
				other, second = Run(t.Context(), Config{Bed: b, Scenario: c.Scenario, Results: c.Results})
			}
		}
		if _, err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if second == nil || !strings.Contains(second.Error(), b.began[0]) || other.Dir != "" {
			t.Errorf("%+v, %v", other, second)
		}
		if entries, _ := os.ReadDir(c.Results); len(entries) != 1 {
			t.Errorf("%d directories", len(entries))
		}
		c.Progress = nil
		if _, err := Run(t.Context(), c); err != nil {
			t.Errorf("a replay after the first: %v", err)
		}
	})
}

func TestLinksOffTheirTargetsAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		c.Fidelity = true
		b.verify = func() ([]record.Fidelity, error) {
			return []record.Fidelity{
				{
					From: "pi", To: "server", Link: "wire", Class: "lan", Quantity: "rtt_s",
					Target: 0.02, Measured: 0.025, Verdict: "median off by more than 100µs",
				},
				{
					From: "pi", To: "server", Link: "wire", Class: "lan", Quantity: "goodput_bps",
					Target: 19e6, Measured: 19e6, OK: true,
				},
				{From: "pi", To: "cloud", Class: "wan", Quantity: "goodput_bps", Target: 19e6, Measured: 1e6},
			}, errors.New("one link could not be measured")
		}
		o, err := Run(t.Context(), c)
		if err != nil || len(o.Off) != 2 {
			t.Fatalf("%v, %+v", err, o.Off)
		}
		const off = "round trip from pi to server, link wire (lan): 25.000 ms, wanted 20.000 ms: " +
			"median off by more than 100µs"
		if got := OffTarget(o.Off[0]); got != off {
			t.Error(got)
		}
		if got := OffTarget(o.Off[1]); got != "rate from pi to cloud (wan): 1.00 Mbps, wanted 19.00 Mbps" {
			t.Error(got)
		}
		if m := concluded(t, o); m.FidelityError == "" || len(m.Fidelity) != 3 {
			t.Errorf("%+v", m)
		}
	})
}

// late is a canary that was late all the time, and has lost a probe.
type late struct {
	*bed
	spells  []health.Spell
	stopped error
}

func (l *late) Report(_ context.Context, since uint64) (health.Report, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from, now := int64(0), int64(time.Since(l.epoch))
	if n := len(l.spells); n > 0 {
		from = l.spells[n-1].To
	}
	l.spells = append(l.spells, health.Spell{From: from, To: now, Why: health.Overslept})
	return l.report(l.spells, since), nil
}

func (l *late) Stop(context.Context) (canary.Result, error) {
	r := canary.Result{Probes: 200, Lost: 1}
	r.Late.Record(int64(3 * time.Millisecond))
	return r, l.stopped
}

// TestTheCanaryStandsForAFabricThatDoesNotTell of its lateness.
func TestTheCanaryStandsForAFabricThatDoesNotTell(t *testing.T) {
	for name, c := range map[string]struct {
		start, stop error
		verdict     string
		said        string
		disturbed   bool
	}{
		"it is late": {nil, nil, record.Red, "", true},
		"it ended":   {nil, errors.New("the canary has ended"), record.Red, "the canary has ended", true},
		"none":       {errors.New("no privilege"), nil, record.Amber, "no privilege", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, config := newBed(t, "replay: {disturbed: {then: keep}}\n")
			b.canary = func() (Canary, error) { return &late{bed: b, stopped: c.stop}, c.start }
			o, err := Run(t.Context(), config)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			v := concluded(t, o).Validity
			if v == nil || v.Verdict != c.verdict || v.CanaryError != c.said || v.Disturbed > 0 != c.disturbed ||
				v.Unwatched > 0 {
				t.Fatalf("%s: %+v", name, v)
			}
			want := record.Canary{Probes: 200, Lost: 1, LateP50: 0.003, LateP99: 0.003, LateMax: 0.003}
			if c.start == nil && *v.Canary != want || c.start != nil && v.Canary != nil {
				t.Errorf("%s: %+v", name, v.Canary)
			}
		})
	}
}
