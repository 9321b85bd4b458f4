package orchestrator

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/fake"
	"testbed/emulator/units"
)

func TestUpdateIsInForceAndPersistedOrNeither(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *fake.Machine, *Bed) (mend func()){
		"the fabric refuses": func(_ *testing.T, m *fake.Machine, _ *Bed) func() {
			m.Fail(fake.Apply, errPlanted)
			return func() { m.Fail(fake.Apply, nil) }
		},
		"the fabric fails half-way": func(_ *testing.T, m *fake.Machine, _ *Bed) func() {
			m.Fail(fake.Half, errPlanted)
			return func() { m.Fail(fake.Half, nil) }
		},
		"the journal's disk is full": func(t *testing.T, _ *fake.Machine, b *Bed) func() {
			// What is to be written meets a directory in its place, which root cannot replace either.
			path := filepath.Join(b.dir(), "."+stagedFile+".new", "x")
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
			return func() { _ = os.RemoveAll(filepath.Dir(path)) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, _, b := newMachine(t)
			before := queue(t, b, "line")
			mend := spoil(t, m, b)
			if err := b.Update(t.Context(), "test", setRate(7*units.Mbps)); err == nil {
				t.Fatal("no error")
			}
			mend()
			n := b.mustNetwork(t)
			if id, _ := n.Topology.Lookup("line"); n.Topology.Vertices[id].Shape[0].Rate != before.Rate {
				t.Error("it is persisted")
			}
			// Half of a change may be in force until the next one: whatever that is, it makes all as wanted.
			if err := b.Update(t.Context(), "test", func(*fabric.Network) error { return nil }); err != nil {
				t.Fatal(err)
			}
			if now := queue(t, b, "line"); now != before {
				t.Errorf("in force %+v, want %+v", now, before)
			}
		})
	}
}

// `down` ends all that holds the testbed: nothing makes its network again, and nothing changes another of its name.
func TestDownEndsTheRevision(t *testing.T) {
	m, h, b := newMachine(t)
	ctx := t.Context()
	p := newPlayer(t, b)
	overlay := delays(t, b, 70*time.Millisecond)
	late := map[string]func() error{
		"restore": func() error { return p.Restore(ctx) },
		"an event": func() (err error) {
			p.Play(ctx, time.Now(), []Moment{{Overlay: overlay}}, func(played Played) { err = played.Err })
			return err
		},
		"a change": func() error { return b.Update(ctx, "test", setRate(units.Mbps)) },
		"apply":    func() error { _, err := b.Reconcile(ctx, "test", requestFor(t, "one")); return err },
		"a run":    func() error { _, err := b.Begin(ctx, "late"); return err },
	}
	if err := h.Down(ctx, "one", nil); err != nil {
		t.Fatal(err)
	}
	for name, do := range late {
		if err := do(); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s after down: %v", name, err)
		}
		if !m.Empty() {
			t.Fatalf("%s after down made something again", name)
		}
	}
	again, err := h.Up(ctx, requestFor(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	before := queue(t, again, "line")
	for name, do := range late {
		if err := do(); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s of the earlier testbed: %v", name, err)
		}
		if now := queue(t, again, "line"); now != before {
			t.Fatalf("%s of the earlier testbed changed this one: %+v", name, now)
		}
	}
}

// Nothing changes a network while another holds the testbed's lock.
func TestEveryChangeTakesTheLock(t *testing.T) {
	_, h, b := newMachine(t)
	p := newPlayer(t, b)
	overlay := delays(t, b, 70*time.Millisecond)
	before := queue(t, b, "line")
	release, err := h.Store.acquire(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for name, do := range map[string]func() error{
		"an event": func() (err error) {
			p.Play(ctx, time.Now().Add(-time.Hour), []Moment{{Overlay: overlay}}, func(played Played) { err = played.Err })
			if ctx.Err() != nil && err == nil {
				err = ctx.Err() // not even begun
			}
			return err
		},
		"a change": func() error { return b.Update(ctx, "test", setRate(units.Mbps)) },
		"apply":    func() error { _, err := b.Reconcile(ctx, "test", requestFor(t, "one")); return err },
		"a run":    func() error { _, err := b.Begin(ctx, "x"); return err },
		"down":     func() error { return h.Down(ctx, "one", nil) },
		"others":   func() error { return h.Alone(ctx, "one", func() error { return nil }) },
	} {
		if err := do(); err == nil {
			t.Errorf("%s went on while another changed the testbed", name)
		}
	}
	if now := queue(t, b, "line"); now != before {
		t.Errorf("in force %+v, want %+v", now, before)
	}
}
