package run

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator/faas/function"
	"testbed/emulator/record"
	"testbed/emulator/replay"
	"testbed/emulator/topology"
)

// startingBed is a testbed whose agents start programs.
type startingBed struct{ *bed }

func (b startingBed) Agent(id topology.ID) Agent { return &starting{Agent: b.bed.Agent(id)} }

type starting struct {
	Agent
	begun int
}

// trials are what starts take on a fake testbed, one after the other.
var trials = []time.Duration{200 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond}

// Programs implements startable.
func (s *starting) Programs(_ context.Context, programs []function.Program) error {
	if len(programs) > 0 {
		time.Sleep(trials[s.begun])
		s.begun++
	}
	return nil
}

// TestStartsAreMeasured: where programs may move, or a profile is made, and not elsewhere; the median counts, and the
// profile has all.
func TestStartsAreMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		c.Bed = startingBed{b}
		r := &run{Config: c}
		var err error
		if r.plans, err = plansOf(c.Scenario); err != nil {
			t.Fatal(err)
		}
		programs := &replay.Programs{Of: func(name string) *function.Program { return &function.Program{Name: name} }}
		if all, err := r.starts(t.Context(), programs); err != nil || all != nil {
			t.Errorf("nothing moves, and %v, %v", all, err)
		}
		profiler := &Profiler{}
		r.Sinks = []record.Sink{profiler}
		all, err := r.starts(t.Context(), programs)
		if err != nil || len(all) == 0 || len(profiler.starts) != len(all) {
			t.Fatalf("%v, %v; the profile has %v", all, err, profiler.starts)
		}
		for name, took := range all {
			if took != trials[0] || !slices.Equal(profiler.starts[name], slices.Sorted(slices.Values(trials))) {
				t.Errorf("function %s: %v, and the profile has %v", name, took, profiler.starts[name])
			}
		}
		if b.open != 0 {
			t.Errorf("%d agents are open", b.open)
		}
	})
}
