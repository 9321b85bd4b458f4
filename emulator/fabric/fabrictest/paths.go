package fabrictest

import (
	"os"
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func reachability(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	names := []string{"a", "b", "c", "d"}
	b.Hosts(names...)
	b.Switch("s1")
	b.Switch("s2")
	there, back := duplex(100*units.Mbps, 0)
	b.Cable("a", "s1", there, back)
	b.Cable("b", "s1", there, back)
	b.Cable("s1", "s2", there, back)
	b.Medium("air", there, "s2", "c", "d")
	b.Apply(newFabric(t, b.Testbed))
	for _, from := range names {
		for _, to := range names {
			b.Answer(from, to, 3)
		}
	}
}

// asymmetricRoutes: packets go by one link and come back by another.
func asymmetricRoutes(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	b.Switch("s")
	b.Cable("s", "b", topology.Shape{}, topology.Shape{})
	up, down := carried(5*units.Mbps), carried(30*units.Mbps)
	b.OneWay("up", topology.Uplink, "a", "s", topology.Shape{Rate: up, Delay: 5 * time.Millisecond})
	b.OneWay("down", topology.Downlink, "s", "a", topology.Shape{Rate: down, Delay: 20 * time.Millisecond})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	b.around("round trip", "a", "b", 20, 25*time.Millisecond)
	const echoes, own = 50, 3 // a kernel that forwards may send a few of its own meanwhile, such as about multicast
	before := [2]uint64{b.queue(f, "up", 0).Packets, b.queue(f, "down", 0).Packets}
	given := [2]uint64{b.status(f, "a").Packets, b.status(f, "b").Packets}
	b.rtt("a", "b", echoes)
	for i, name := range []string{"up", "down"} {
		if got := b.queue(f, name, 0).Packets - before[i]; got < echoes || got > echoes+own {
			t.Errorf("%s carried %d packets, want %d", name, got, echoes)
		}
	}
	for i, name := range []string{"a", "b"} { // whatever the number of queues on the way
		if got := b.status(f, name).Packets - given[i]; got < echoes || got > echoes+2*own {
			t.Errorf("%s was given %d packets, want %d", name, got, echoes)
		}
	}
	b.carries("up", "a", "b", time.Second, up, 0.05)
	b.carries("down", "b", "a", time.Second, down, 0.05)
}

// severalInterfaces: hosts with a link of their own straight to the cloud, which forwards nothing.
func severalInterfaces(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	names := []string{"a", "b", "c"}
	b.Hosts(names...)
	b.Switch("s")
	for _, name := range names {
		shape := topology.Shape{Rate: units.Gbps, Delay: time.Millisecond}
		b.Cable(name, "s", shape, shape)
	}
	up, down := carried(20*units.Mbps), carried(40*units.Mbps)
	b.Cloud(topology.CloudLink{Delay: 15 * time.Millisecond, Up: up, Down: down})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	for _, name := range names {
		b.around(name+" to the cloud", name, "cloud", 5, 30*time.Millisecond)
		b.around("the cloud to "+name, "cloud", name, 5, 30*time.Millisecond)
	}
	before := b.queue(f, "cloud_b", 0).Packets
	b.around("a to b", "a", "b", 10, 4*time.Millisecond)
	b.around("a to the cloud", "a", "cloud", 10, 30*time.Millisecond)
	if got := b.queue(f, "cloud_b", 0).Packets - before; got != 0 {
		t.Errorf("the link between b and the cloud carried %d packets of others", got)
	}
	b.carries("to the cloud", "a", "cloud", time.Second, up, 0.05)
	b.carries("from the cloud", "cloud", "a", time.Second, down, 0.05)
}

// around checks the median of round-trip times, at the best of several tries.
func (b *Bench) around(what, from, to string, count int, want time.Duration) {
	b.t.Helper()
	b.bestMedian(what, from, to, count, medianTries, want, bound{200 * time.Microsecond, lateness(b.t)})
}

// lateness is what the median of round-trip times may be beyond their target: what $FABRIC_LATENESS says, for
// emulated processors, or else 2 ms.
func lateness(t testing.TB) time.Duration {
	text := os.Getenv("FABRIC_LATENESS")
	if text == "" {
		return 2 * time.Millisecond
	}
	most, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("FABRIC_LATENESS: %v: want a duration such as 5ms", err)
	}
	return most
}
