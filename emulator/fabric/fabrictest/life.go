package fabrictest

import (
	"context"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

func restart(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	b.Cable("a", "b", topology.Shape{}, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	for range 2 {
		if err := f.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Inspect(t.Context()); err == nil {
		t.Error("Inspect after Close: no error")
	}
	b.Apply(f)
	b.rtt("a", "b", 3)
}

// stranger: a value that has applied nothing, as of another process, changes and closes the network.
func stranger(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	b.Cable("a", "b", topology.Shape{}, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	b.rtt("a", "b", 3)
	other := newFabric(t, b.Testbed)
	if err := other.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wantPass("a", "b", false)
	if err := f.Close(t.Context()); err != nil {
		t.Errorf("closed after another had: %v", err)
	}
	b.Apply(other)
	b.rtt("a", "b", 3)
}

func sideBySide(t *testing.T, newFabric NewFabric) {
	var benches [2]*Bench
	for i := range benches {
		b := NewBench(t)
		b.Testbed += []string{"-one", "-two"}[i]
		b.Hosts("a", "b")
		b.Switch("s")
		shape := topology.Shape{Delay: time.Duration(i+1) * 5 * time.Millisecond}
		b.Cable("a", "s", shape, shape)
		b.Cable("s", "b", topology.Shape{}, topology.Shape{})
		benches[i] = b
	}
	one, two := benches[0], benches[1]
	f, g := newFabric(t, one.Testbed), newFabric(t, two.Testbed)
	one.Apply(f)
	two.Apply(g)
	one.around("one", "a", "b", 10, 10*time.Millisecond)
	two.around("two", "a", "b", 10, 20*time.Millisecond)
	if err := f.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	one.wantPass("a", "b", false)
	two.around("two alone", "a", "b", 10, 20*time.Millisecond)
	if q := two.queue(g, "a-s", 0); q.Delay != 10*time.Millisecond {
		t.Errorf("in force: %+v", q)
	}
}

// tearDown: Close leaves no process, no namespace, no interface, and stations without a network.
func tearDown(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b", "c")
	b.Switch("s")
	b.Cable("a", "s", topology.Shape{Delay: time.Millisecond}, topology.Shape{})
	b.Medium("air", topology.Shape{}, "s", "b", "c")
	f := newFabric(t, b.Testbed)
	before := remains(t, b)
	b.Apply(f)
	b.rtt("a", "c", 3)
	if err := f.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The kernel removes namespaces in its own time.
	var left []string
	if !testenv.Holds(func() bool {
		left = nil
		for what := range remains(t, b) {
			if !before[what] {
				left = append(left, what)
			}
		}
		return len(left) == 0
	}) {
		t.Errorf("left after Close: %q", left)
	}
}

func failure(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	b.Cable("a", "b", topology.Shape{}, topology.Shape{})
	f := newFabric(t, b.Testbed)
	good := b.Stations[1].NetNS
	b.Stations[1].NetNS = netns.Ref{Path: "/proc/self/ns/no-such"}
	if err := f.Apply(t.Context(), b.Network); err == nil {
		t.Fatal("a namespace that does not exist: no error")
	}
	b.Stations[1].NetNS = good
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Apply(ended, b.Network); err == nil {
		t.Error("a context that has ended: no error")
	}
	b.Apply(f)
	b.rtt("a", "b", 3)
}
