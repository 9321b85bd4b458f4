package orchestrator

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/units"
)

func failPlayed(t *testing.T) func(Played) {
	return func(p Played) {
		if p.Err != nil {
			t.Error(p.Err)
		}
	}
}

func TestEventsAreALayerAboveTheBase(t *testing.T) {
	_, h, b := newMachine(t)
	ctx := t.Context()
	lease, err := b.Begin(ctx, "run-1")
	if err != nil {
		t.Fatal(err)
	}
	defer lease.End()
	p := newPlayer(t, b)
	base := queue(t, b, "line")
	p.Play(ctx, time.Now(), []Moment{{Overlay: delays(t, b, 70*time.Millisecond)}}, failPlayed(t))
	// Another process changes the same link, and another property of it.
	other, err := h.Open(ctx, "one")
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Update(ctx, "link set line rate=7Mbps", setRate(7*units.Mbps)); err != nil {
		t.Fatal(err)
	}
	if q := queue(t, b, "line"); q.Delay != 70*time.Millisecond || q.Rate != 7*units.Mbps {
		t.Errorf("after the change in force: %+v; want both the event and the change", q)
	}
	p.Play(ctx, time.Now(), []Moment{{Overlay: delays(t, b, 90*time.Millisecond)}}, failPlayed(t))
	if q := queue(t, b, "line"); q.Delay != 90*time.Millisecond || q.Rate != 7*units.Mbps {
		t.Errorf("after the next event in force: %+v; want both the event and the change", q)
	}
	if err := p.Restore(ctx); err != nil {
		t.Fatal(err)
	}
	if q := queue(t, b, "line"); q.Delay != base.Delay || q.Rate != 7*units.Mbps {
		t.Errorf("after the run in force: %+v; want the change alone", q)
	}
	changes, err := lease.Changes()
	if err != nil || len(changes) != 1 || changes[0].Origin != "link set line rate=7Mbps" ||
		time.Since(changes[0].Time) > time.Hour ||
		!strings.Contains(fmt.Sprint(changes[0].What), "line (from gw): rate 7Mbps, was 10Mbps") {
		t.Errorf("changes %+v, %v", changes, err)
	}
}

// A run that was killed leaves its events in force: whoever comes next ends them.
func TestEventsOfAKilledRunEnd(t *testing.T) {
	for name, next := range map[string]func(*testing.T, *Bed) error{
		"another run": func(t *testing.T, b *Bed) error {
			lease, err := b.Begin(t.Context(), "run-2")
			if err == nil {
				lease.End()
			}
			return err
		},
		"a change": func(t *testing.T, b *Bed) error {
			return b.Update(t.Context(), "test", func(*fabric.Network) error { return nil })
		},
		"apply": func(t *testing.T, b *Bed) error {
			_, err := b.Reconcile(t.Context(), "test", requestFor(t, "one"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, b := newMachine(t)
			before := queue(t, b, "line")
			lease, err := b.Begin(t.Context(), "run-1")
			if err != nil {
				t.Fatal(err)
			}
			newPlayer(t, b).Play(t.Context(), time.Now(), []Moment{{Overlay: delays(t, b, 70*time.Millisecond)}}, failPlayed(t))
			lease.End() // as the end of its process does
			if err := next(t, b); err != nil {
				t.Fatal(err)
			}
			if q := queue(t, b, "line"); q != before {
				t.Errorf("in force %+v, want %+v", q, before)
			}
		})
	}
}

func TestOneRunAtATime(t *testing.T) {
	_, h, b := newMachine(t)
	first, err := b.Begin(t.Context(), "iiot-1")
	if err != nil {
		t.Fatal(err)
	}
	other, err := h.Open(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Begin(t.Context(), "iiot-2"); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "iiot-1") {
		t.Errorf("a second run: %v; want the first one's name", err)
	}
	if s := h.Status(t.Context(), "one"); s.Run == nil || s.Run.Run != "iiot-1" {
		t.Errorf("status %+v", s)
	}
	r := requestFor(t, "one")
	r.Node = func(Station, string) NodeConfig { return NodeConfig{Image: "another"} }
	if _, err := other.Reconcile(t.Context(), "test", r); !errors.Is(err, ErrBusy) {
		t.Errorf("nodes are replaced beneath a run: %v", err)
	}
	first.End()
	second, err := other.Begin(t.Context(), "iiot-2")
	if err != nil {
		t.Fatal(err)
	}
	second.End()
}
