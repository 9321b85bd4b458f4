package run

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/faas/function"
	"testbed/emulator/faas/instance"
	"testbed/emulator/predict"
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
var trials = []time.Duration{
	200 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond, 150 * time.Millisecond, 280 * time.Millisecond,
}

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
			if took != (instance.Distribution{Median: trials[0], P95: trials[2]}) ||
				!slices.Equal(profiler.starts[name], slices.Sorted(slices.Values(trials))) {
				t.Errorf("function %s: %v, and the profile has %v", name, took, profiler.starts[name])
			}
		}
		if b.open != 0 {
			t.Errorf("%d agents are open", b.open)
		}
	})
}

// askedBed is a testbed whose agents say what there is of programs; those of which nothing is given do not answer.
type askedBed struct {
	*bed
	says map[topology.ID][]faas.Standing
}

func (b askedBed) Agent(id topology.ID) Agent { return asked{b.bed.Agent(id), b.says[id]} }

type asked struct {
	Agent
	says []faas.Standing
}

// Standing implements knowing.
func (a asked) Standing(context.Context) ([]faas.Standing, error) {
	if a.says == nil {
		return nil, errors.New("it does not answer")
	}
	return a.says, nil
}

// TestAgentsAreAsked: where programs are warm is what agents say when something is about to move, whoever has moved
// what before. Where none answers, or one does not, they have to start.
func TestAgentsAreAsked(t *testing.T) {
	b, c := newBed(t, "")
	says := map[topology.ID][]faas.Standing{
		1: {{Function: "f", Ready: true}, {Function: "g", Scaled: true}}, 2: {{Function: "f"}, {Function: "g"}},
		3: {{Function: "f", Starting: 400 * time.Millisecond}},
	}
	c.Bed = askedBed{b, says}
	same := instance.Distribution{Median: time.Second}
	r := &run{Config: c, setting: predict.Setting{Starts: predict.Starts{"f": same, "g": same}}}
	all := agents{of: c.Bed.Agent, all: map[topology.ID]Agent{}}
	both := []string{"f", "g"}
	find := func(node topology.ID, functions ...string) time.Duration {
		return r.standby(t.Context(), &all, both, 1, 2, 3, 4).Expect(functions, node).Median
	}
	for node, want := range map[topology.ID]time.Duration{
		1: 0, 2: time.Second, 3: 600 * time.Millisecond, 4: time.Second,
	} {
		if got := find(node, "f"); got != want {
			t.Errorf("on node %d f takes %v, want %v", node, got, want)
		}
	}
	if got := find(1, both...); got != 0 {
		t.Errorf("where one is warm and one starts when it is called, %v", got)
	}
	says[1][0].Ready, says[2][0].Ready = false, true // it has been moved by hand
	if left, here := find(1, "f"), find(2, "f"); left != time.Second || here != 0 {
		t.Errorf("after a move, %v where it was and %v where it is", left, here)
	}
	if got := r.standby(t.Context(), &all, []string{"builtin"}, 1); got != nil {
		t.Errorf("where no program is concerned, agents are asked: %v", got)
	}
	all.close()
	c.Bed, all = b, agents{of: b.Agent, all: map[topology.ID]Agent{}}
	if got := r.standby(t.Context(), &all, both, 1).Expect(both, 1); got.Median != time.Second {
		t.Errorf("of an agent that cannot say it, %v", got)
	}
	if all.close(); b.open != 0 {
		t.Errorf("%d agents are open", b.open)
	}
}
