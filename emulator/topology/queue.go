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
// millisecond is the hosts') of the paths across it, and at least MinimumQueue. It computes all shortest paths: O(hosts · E log V).
func (t *Topology) QueueLimits() map[Channel]units.ByteSize {
	products := t.largestProducts()
	limits := map[Channel]units.ByteSize{}
	for _, id := range t.Links() {
		dirs := 1
		if t.Vertices[id].LinkType == Duplex {
			dirs = 2
		}
		for d := range dirs {
			limit := t.Vertices[id].Shape[d].Queue
			if limit <= 0 {
				limit = max(2*products[id][d], MinimumQueue)
			}
			limits[Channel{id, d}] = limit
		}
	}
	return limits
}

// largestProducts gives, for every queue, the largest bandwidth-delay product of the paths across it.
func (t *Topology) largestProducts() [][2]units.ByteSize {
	products := make([][2]units.ByteSize, len(t.Vertices))
	raise := func(hops []Hop, roundTrip time.Duration) {
		product := t.Bottleneck(hops).Product(roundTrip)
		for i := range hops {
			p := &products[hops[i].Link][hops[i].Dir]
			*p = max(*p, product)
		}
	}
	ends, trees := t.Attached(), t.Trees()
	var forth, back []Hop
	for i, a := range ends {
		for _, b := range ends[:i] {
			var there, again time.Duration
			forth, there = trees[b].Hops(forth[:0], a)
			back, again = trees[a].Hops(back[:0], b)
			raise(forth, there+again+hostTime)
			raise(back, there+again+hostTime)
		}
	}
	return products
}
