package topology

import (
	"time"

	"testbed/emulator/units"
)

// MinimumQueue is the least that a queue holds where its limit is not given: 100 Ethernet frames.
const MinimumQueue = 100 * 1514 * units.Byte

// hostTime is what a round trip takes beside propagation, in the hosts' own stacks: without it, a queue
// between hosts that are next to each other would hold less than they keep under way.
const hostTime = 500 * time.Microsecond

// QueueLimits gives the byte limit of every queue: the one declared or, for those that declare none,
// twice the largest bandwidth-delay product (bottleneck rate times round-trip time, of which half a
// millisecond is the hosts') of the paths across it, and at least MinimumQueue; where a trace is followed, at least its
// Peak as well. It needs all shortest paths: see Trees.
func (t *Topology) QueueLimits() map[Channel]units.ByteSize {
	products := t.largestProducts()
	limits := map[Channel]units.ByteSize{}
	for _, id := range t.Links() {
		dirs := 1
		if t.Vertices[id].LinkType == Duplex {
			dirs = 2
		}
		for d := range dirs {
			shape := &t.Vertices[id].Shape[d]
			limit := shape.Queue
			if limit <= 0 {
				limit = max(2*products[id][d], MinimumQueue)
				if trace := t.Trace(shape); trace != nil {
					limit = max(limit, trace.Peak())
				}
			}
			limits[Channel{id, d}] = limit
		}
	}
	return limits
}
