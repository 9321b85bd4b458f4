package fabrictest

import (
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// counters checks that echoes are counted, packet by packet and byte by byte, and what is said to be in force.
func counters(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b")
	there, back := topology.Shape{Rate: units.Gbps, Delay: time.Millisecond}, topology.Shape{Rate: 2 * units.Gbps}
	b.Cable("a", "b", there, back)
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	before := [2]fabric.QueueStatus{b.queue(f, "a-b", 0), b.queue(f, "a-b", 1)}
	const count = 10
	b.rtt("a", "b", count)
	for dir, from := range []string{"a", "b"} {
		q := b.queue(f, "a-b", dir)
		packets, bytes := q.Packets-before[dir].Packets, q.Bytes-before[dir].Bytes
		// An echo of 64 bytes of ICMP is a frame of 98.
		if packets != count || bytes != count*98 {
			t.Errorf("direction %d: %d packets, %d bytes; want %d and %d", dir, packets, bytes, count, count*98)
		}
		want := [2]topology.Shape{there, back}[dir]
		if q.From != from || q.Rate != want.Rate || q.Delay != want.Delay || q.Limit < topology.MinimumQueue {
			t.Errorf("direction %d in force: %+v", dir, q)
		}
	}
}
