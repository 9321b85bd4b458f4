package faas

import (
	"math"
	"slices"
	"testing"
	"time"

	"testbed/emulator/plan"
)

// TestInstantsAreToldByAnotherClock, all of them: where only some nodes tell them so, they do not fit together.
func TestInstantsAreToldByAnotherClock(t *testing.T) {
	c := newCluster(t, Allotted)
	const apart = 20 * time.Minute
	set := func(id int) {
		t.Helper()
		if err := c.clients[id].SetClock(t.Context(), ClockAhead{Ahead: -int64(apart), Now: c.agents[id].clock.now()}); err != nil {
			t.Fatal(err)
		}
	}
	set(2)
	set(3)
	spec := c.spec(t, job(), plan.External, placed(1, 2, 1, 2))
	if err := spec.Seed(t.Context(), c.client); err != nil {
		t.Fatal(err)
	}
	if result, err := Run(t.Context(), spec, c.client); err == nil && result.Error == "" {
		t.Errorf("instants of two clocks pass for those of one: %+v", result)
	}
	if err := spec.Clean(t.Context(), c.client); err != nil {
		t.Fatal(err)
	}
	for id := range c.agents {
		set(id)
	}
	for _, m := range plan.Study {
		specs := []*ChainSpec{c.spec(t, job(), m, placed(1, 2, 1, 2))}
		if slices.Contains(chainable, m) {
			specs = append(specs, c.specChained(t, job(), m, placed(1, 2, 1, 2)))
		}
		for _, spec := range specs {
			result, lost := c.carryOut(t, spec)
			if result.Error != "" || lost != nil {
				t.Fatalf("%s: %q, %v", m, result.Error, lost)
			}
			verifySteps(t, spec, result)
			if in := time.Duration(result.End - c.agents[0].clock.now()); in > apart || in < apart-time.Minute {
				t.Errorf("%s: it ends in %v, by a clock that is %v ahead", m, in, apart)
			}
			if err := spec.Clean(t.Context(), c.client); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestSpellsAreOfTheClockThatIsTold, and lose nothing of their lengths.
func TestSpellsAreOfTheClockThatIsTold(t *testing.T) {
	c := newCluster(t, Allotted)
	a, client := c.agents[1], c.clients[1]
	now := a.clock.now()
	a.punctuality.late(now-int64(time.Second), now)
	ahead := ClockAhead{Ahead: -int64(time.Hour), Drift: 1e-4, Now: now + int64(time.Hour)}
	if err := client.SetClock(t.Context(), ahead); err != nil {
		t.Fatal(err)
	}
	report, err := client.Spells(t.Context(), 0, 0)
	if err != nil || len(report.Spells) != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	s := report.Spells[0]
	if want := now + int64(time.Hour); s.To != want || math.Abs(float64(s.To-s.From)/1e9-1) > 1e-3 || report.Now < s.To {
		t.Errorf("from %d to %d at %d, want to %d", s.From, s.To, report.Now, want)
	}
}

// TestClockAhead maps the first clock's instants back, and refuses what no clock does.
func TestClockAhead(t *testing.T) {
	a := ClockAhead{Ahead: int64(1200 * time.Millisecond), Drift: 100e-6, Now: int64(50 * time.Hour)}
	for _, at := range []time.Duration{0, time.Second, -time.Minute} { // beside Now, of the first clock
		first := a.Now + int64(at)
		there := first + a.Ahead + int64(a.Drift*float64(at))
		if got := a.At(there); math.Abs(float64(got-first)) > 10+math.Abs(float64(at))*1e-8 {
			t.Errorf("%v: off by %d ns", at, got-first)
		}
	}
	for _, drift := range []float64{math.NaN(), math.Inf(1), 0.5, -0.5} {
		bad := ClockAhead{Drift: drift}
		if bad.check() == nil {
			t.Errorf("a drift of %v is taken", drift)
		}
	}
	c := newCluster(t, Allotted)
	if err := c.clients[0].SetClock(t.Context(), ClockAhead{Drift: 0.5}); err == nil {
		t.Error("the agent takes it")
	}
}
