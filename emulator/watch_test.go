package emulator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator"
	"testbed/emulator/internal/fake"
	"testbed/emulator/orchestrator"
	"testbed/emulator/scenario"
)

func TestWatcherKeepsWhatItHasSeen(t *testing.T) {
	m, h, e := onFakes(t)
	ctx := t.Context()
	if _, err := h.NewWatcher(ctx, "tiny"); !errors.Is(err, orchestrator.ErrNotRunning) {
		t.Errorf("of nothing: %v", err)
	}
	bed, err := h.Up(ctx, e, emulator.UpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := h.NewWatcher(ctx, "tiny")
	if err != nil {
		t.Fatal(err)
	}
	first := look(t, w, func(v emulator.View) bool { return v.Gone == "" })
	p, err := scenario.ParseProperties([]string{"rate=3Mbps"})
	if err != nil {
		t.Fatal(err)
	}
	if err := bed.SetLinks(ctx, "test", []string{"wifi"}, p); err != nil {
		t.Fatal(err)
	}
	m.Kill("tiny", "nuc")
	now := look(t, w, func(v emulator.View) bool { return v.Drawing != first.Drawing && len(v.Problems) > 0 })
	if id, _ := now.Network.Topology.Lookup("wifi"); now.Network.Topology.Vertices[id].Shape[0].Rate != 3e6 {
		t.Errorf("the network is not the one in force")
	}
	if err := h.Remove(ctx, "tiny", false, nil); err != nil {
		t.Fatal(err)
	}
	gone := look(t, w, func(v emulator.View) bool { return v.Gone != "" })
	if gone.Drawing != now.Drawing || gone.Network.Topology == nil || !strings.Contains(gone.Gone, "tiny is down") {
		t.Errorf("%+v", gone)
	}
}

// look waits until a watcher sees something.
func look(t *testing.T, w *emulator.Watcher, so func(emulator.View) bool) emulator.View {
	t.Helper()
	for {
		view, err := w.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if so(view) {
			return view
		}
		if t.Context().Err() != nil {
			t.Fatal("it is never seen")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestWatcherFollowsByItself(t *testing.T) {
	m, h, e := onFakes(t)
	if _, err := h.Up(t.Context(), e, emulator.UpOptions{}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Remove(context.Background(), "tiny", false, nil) }()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w, err := h.NewWatcher(ctx, "tiny")
		if err != nil {
			t.Fatal(err)
		}
		m.Fail(fake.Look, errPlanted)
		if _, err := w.Look(ctx); !errors.Is(err, errPlanted) {
			t.Errorf("what cannot be seen: %v", err)
		}
		m.Fail(fake.Look, nil)
		done := make(chan bool)
		go func() { w.Follow(ctx); done <- true }()
		cancel()
		<-done
	})
}

func TestInspectTellsWhatItCan(t *testing.T) {
	m, h, e := onFakes(t)
	bed, err := h.Up(t.Context(), e, emulator.UpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m.Fail(fake.Inspect, errPlanted)
	in, err := bed.Inspect(t.Context())
	if err != nil || len(in.Nodes) != 3 || !strings.Contains(in.FabricError, "planted") {
		t.Errorf("%+v, %v", in, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bed.Inspect(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted one: %v", err)
	}
	m.Fail(fake.Inspect, nil)
	if err := bed.Carry(t.Context(), "test", []string{"wifi"}, false); err != nil {
		t.Fatal(err)
	}
	in, err = bed.Inspect(t.Context())
	if err != nil || in.FabricError != "" || len(in.Differences) > 0 || !in.Links[0].Down {
		t.Errorf("%+v, %v", in, err)
	}
	if err := h.Remove(t.Context(), "tiny", false, nil); err != nil {
		t.Error(err)
	}
	if _, err := bed.Inspect(t.Context()); !errors.Is(err, orchestrator.ErrNotRunning) {
		t.Errorf("after down: %v", err)
	}
	if _, err := bed.Plan(t.Context(), e); !errors.Is(err, orchestrator.ErrNotRunning) {
		t.Errorf("after down: %v", err)
	}
}
