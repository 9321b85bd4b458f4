package fabrictest

import (
	"cmp"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// reshape: queues and faults change by the quick way as they do by Apply, also after what another value did.
func reshape(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b", "c", "d")
	b.Switch("s")
	line := topology.Shape{Rate: 100 * units.Mbps, Delay: time.Millisecond}
	for _, host := range []string{"a", "b"} {
		b.Cable(host, "s", line, line)
	}
	b.Medium("air", line, "s", "c", "d")
	f, other := newFabric(t, b.Testbed), newFabric(t, b.Testbed)
	quick, ok := f.(fabric.Reshaper)
	if !ok {
		t.Skip("the fabric has no quick way")
	}
	b.Apply(f)
	for name, change := range b.reshapings(line, other) {
		change()
		b.Queues = b.Topology.QueueLimits()
		if err := quick.Reshape(t.Context(), b.Network); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		status, err := f.Inspect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"a", "b", "c", "d"} {
			b.wantMTU(host, b.Topology.HostMTU(b.id(host)))
		}
		for _, d := range fabric.Differences(fabric.Wanted(b.Network), status.Queues) {
			if d.Property != "down" { // a link is down where what it leads to is, or where it is itself: both are right
				t.Errorf("%s: %v", name, d)
			}
		}
	}
	b.sameCounters(f)
	b.resize(quick)
	b.Network.Down, b.Network.Partition = nil, nil
	if err := quick.Reshape(t.Context(), b.Network); err != nil {
		t.Fatal(err)
	}
	b.rtt("b", "c", 3)
}

// reshapings are changes of the network's state, in any order; one of them is put in force by the other value.
func (b *Bench) reshapings(line topology.Shape, other fabric.Fabric) map[string]func() {
	slow := topology.Shape{Rate: 5 * units.Mbps, Delay: 30 * time.Millisecond, Loss: 0.25}
	return map[string]func(){
		"a line": func() { b.Shape("a-s", 0, slow) },
		"a medium": func() {
			b.Shape("air", 0, topology.Shape{Rate: units.Mbps, Delay: 2 * time.Millisecond, Jitter: time.Millisecond})
		},
		"down":        func() { b.Network.Down = []topology.ID{b.id("b-s"), b.id("s")} },
		"a partition": func() { b.Network.Partition = [][]topology.ID{{b.id("a"), b.id("b")}} },
		"nothing":     func() {},
		"smaller packets": func() {
			b.Shape("a-s", 0, topology.Shape{Rate: 100 * units.Mbps, Delay: time.Millisecond, MTU: 1300})
			b.Shape("a-s", 1, topology.Shape{Rate: 100 * units.Mbps, Delay: time.Millisecond, MTU: 1300})
			b.Shape("air", 0, topology.Shape{Rate: 100 * units.Mbps, MTU: 1400})
		},
		"all back": func() {
			b.Network.Down, b.Network.Partition = nil, nil
			b.Shape("a-s", 0, line)
			b.Shape("a-s", 1, line)
			b.Shape("air", 0, line)
		},
		"by another value": func() {
			b.Shape("b-s", 1, slow)
			b.Apply(other)
			b.Shape("b-s", 1, line)
		},
	}
}

// resize: hosts learn what a link takes as it is now, and their interfaces do the same.
func (b *Bench) resize(quick fabric.Reshaper) {
	b.t.Helper()
	b.Network.Down, b.Network.Partition = nil, nil
	for _, mtu := range []int{1400, 1280, 0} {
		for d := range 2 {
			b.Shape("b-s", d, topology.Shape{Rate: 100 * units.Mbps, Delay: time.Millisecond, MTU: mtu})
		}
		if err := quick.Reshape(b.t.Context(), b.Network); err != nil {
			b.t.Fatal(err)
		}
		want := cmp.Or(mtu, topology.MaximumMTU)
		b.wantMTU("b", want)
		if mtu != 0 { // what a host has learnt it keeps for ten minutes
			b.wantPath("c", "b", want)
		}
	}
}

// sameCounters: what the quick way says of queues is what Inspect says, while nothing is sent.
func (b *Bench) sameCounters(f fabric.Fabric) {
	b.t.Helper()
	queues, err := fabric.Counters(b.t.Context(), f)
	if err != nil {
		b.t.Fatal(err)
	}
	status, err := f.Inspect(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	if len(queues) != len(status.Queues) {
		b.t.Fatalf("%d queues, want %d", len(queues), len(status.Queues))
	}
	for i, q := range queues {
		want := status.Queues[i]
		if q.Note, want.Note = "", ""; q != want {
			b.t.Errorf("%+v, want %+v", q, want)
		}
	}
}
