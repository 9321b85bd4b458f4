package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/noderuntime"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func up(t *testing.T) (*host, *Host, *Bed) {
	t.Helper()
	fake, h := newFake(t)
	bed, err := h.Up(context.Background(), requestOf(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	return fake, h, bed
}

// While the engine that has the nodes does not answer, nothing may be forgotten.
func TestDownWaitsForTheEngineThatWasUsed(t *testing.T) {
	fake, h, _ := up(t)
	ctx := context.Background()
	fake.engine = fmt.Errorf("the engine does not answer: %w", noderuntime.ErrNotSupported)
	if err := h.Down(ctx, "one", nil); !errors.Is(err, fake.engine) {
		t.Fatalf("down without the engine: %v", err)
	}
	if _, err := h.Store.Read("one"); err != nil {
		t.Fatal("the journal is gone, and with it the knowledge of the nodes:", err)
	}
	fake.engine = nil
	if err := h.Down(ctx, "one", nil); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, fake, h)
}

// A testbed's nodes are with the engine that its journal names, whatever the environment says now.
func TestDownUsesTheEngineThatWasUsed(t *testing.T) {
	fake, h := newFake(t)
	ctx := context.Background()
	fake.engines = map[string]string{"unix:///environment": "id-1", "unix:///other": "id-2"}
	if _, err := h.Up(ctx, requestOf(t, "one")); err != nil {
		t.Fatal(err)
	}
	h.Runtimes[1] = fake.option("unix:///other", func(context.Context) error { return nil })
	fake.asked = nil
	if _, err := h.Open(ctx, "one"); err != nil {
		t.Error(err)
	}
	// Another engine at the same address has none of the nodes: nothing must be taken for gone.
	fake.engines["unix:///environment"] = "id-3"
	if err := h.Down(ctx, "one", nil); !errors.Is(err, errOtherEngine) {
		t.Errorf("down with another engine: %v", err)
	}
	if len(fake.networks) != 1 || len(fake.nodes) != 1 {
		t.Error("the refused down removed something")
	}
	fake.engines["unix:///environment"] = "id-1"
	if err := h.Down(ctx, "one", nil); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(fake.asked, "unix:///other") {
		t.Errorf("the environment's engine was asked: %v", fake.asked)
	}
	nothingLeft(t, fake, h)
}

func TestForgetGivesUpWhatAnEngineHad(t *testing.T) {
	fake, h, _ := up(t)
	ctx := context.Background()
	fake.engine = fmt.Errorf("uninstalled: %w", noderuntime.ErrNotSupported)
	if err := h.Forget(ctx, "one", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Store.Read("one"); err == nil {
		t.Error("the record is left")
	}
}

func TestChangesAddUp(t *testing.T) {
	fake, h, bed := up(t)
	ctx := context.Background()
	link := bed.mustNetwork(t).Topology.Links()[0]
	change := func(alter func(*topology.Shape)) {
		t.Helper()
		err := bed.Update(ctx, "test", func(n *fabric.Network) error {
			alter(&n.Topology.Vertices[link].Shape[0])
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(func(s *topology.Shape) { s.Rate = 7 * units.Mbps })
	change(func(s *topology.Shape) { s.Loss = 0.25 })
	for what, n := range map[string]fabric.Network{
		"the fabric was told": fake.networks["one"], "the file says": bed.mustNetwork(t),
	} {
		if s := n.Topology.Vertices[link].Shape[0]; s.Rate != 7*units.Mbps || s.Loss != 0.25 {
			t.Errorf("%s %+v", what, s)
		}
	}
	refused := bed.Update(ctx, "test", func(*fabric.Network) error { return errPlanted })
	if !errors.Is(refused, errPlanted) {
		t.Errorf("a change that cannot be: %v", refused)
	}
	if err := h.Down(ctx, "one", nil); err != nil {
		t.Fatal(err)
	}
	if err := bed.Update(ctx, "test", func(*fabric.Network) error { return nil }); !errors.Is(err, ErrNotRunning) {
		t.Errorf("a change after down: %v", err)
	}
	nothingLeft(t, fake, h)
}

func (b *Bed) mustNetwork(test *testing.T) fabric.Network {
	test.Helper()
	n, err := b.Network()
	if err != nil {
		test.Fatal(err)
	}
	return n
}

func newPlayer(t *testing.T, bed *Bed) *Player {
	t.Helper()
	p, err := bed.NewPlayer(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlayAppliesInTimeAndRestores(t *testing.T) {
	fake, _, bed := up(t)
	moments := []Moment{
		{At: 20 * time.Millisecond, What: []string{"a goes down"}, Overlay: fabric.Overlay{Down: []topology.ID{0}}},
		{At: 40 * time.Millisecond, What: []string{"b goes down"}, Overlay: fabric.Overlay{Down: []topology.ID{1}}},
	}
	var seen []Played
	var down [][]topology.ID
	player := newPlayer(t, bed)
	player.Play(context.Background(), time.Now(), moments, func(p Played) {
		seen = append(seen, p)
		down = append(down, fake.networks["one"].Down)
	})
	if err := player.Restore(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 || seen[0].Began < 20*time.Millisecond || seen[1].Began < 40*time.Millisecond ||
		seen[0].Done < seen[0].Began || seen[1].Err != nil {
		t.Errorf("played %+v", seen)
	}
	if fmt.Sprint(down) != "[[0] [1]]" {
		t.Errorf("the fabric was told %v", down)
	}
	if n := fake.networks["one"]; len(n.Down) != 0 || len(bed.mustNetwork(t).Down) != 0 {
		t.Error("the network is not put back")
	}
}

func TestPlayStopsAndRestoresWhenCancelled(t *testing.T) {
	fake, _, bed := up(t)
	ctx, cancel := context.WithCancel(context.Background())
	moments := []Moment{
		{Overlay: fabric.Overlay{Down: []topology.ID{0}}},
		{At: time.Hour, Overlay: fabric.Overlay{Down: []topology.ID{1}}},
	}
	played := 0
	player := newPlayer(t, bed)
	player.Play(ctx, time.Now(), moments, func(Played) { played++; cancel() })
	if err := player.Restore(ctx); err != nil {
		t.Fatal(err)
	}
	if played != 1 || len(fake.networks["one"].Down) != 0 {
		t.Errorf("%d moments played, then %v is down", played, fake.networks["one"].Down)
	}
}
