package topology

import "testbed/emulator/units"

// MinimumQueue is the least that a queue holds where its limit is not given: 100 Ethernet frames.
const MinimumQueue = 100 * 1514 * units.Byte

// QueueLimits gives the byte limit of every queue: the one declared or, for those that declare none,
// twice the largest bandwidth-delay product (bottleneck rate times round-trip time) of the paths
// across it, and at least MinimumQueue. It computes all shortest paths: O(hosts · E log V).
func (t *Topology) QueueLimits() map[Channel]units.ByteSize {
	limits := map[Channel]units.ByteSize{}
	for _, id := range t.Links() {
		dirs := 1
		if t.Vertices[id].LinkType == Duplex {
			dirs = 2
		}
		for d := range dirs {
			limits[Channel{id, d}] = MinimumQueue
		}
	}
	ends := t.Attached()
	var forth, back []Hop
	trees := make([]*Tree, len(ends))
	for i, id := range ends {
		trees[i] = t.TreeTo(id)
	}
	for i, a := range ends {
		for j, b := range ends {
			if i == j {
				continue
			}
			forthHops, there := trees[j].Hops(forth[:0], a)
			backHops, again := trees[i].Hops(back[:0], b)
			product := 2 * t.Bottleneck(forthHops).Product(there+again)
			for _, h := range forthHops {
				limits[h.Channel] = max(limits[h.Channel], product)
			}
			forth, back = forthHops, backHops
		}
	}
	for channel := range limits {
		if declared := t.Vertices[channel.Link].Shape[channel.Dir].Queue; declared > 0 {
			limits[channel] = declared
		}
	}
	return limits
}
