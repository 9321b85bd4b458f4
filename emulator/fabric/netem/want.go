package netem

import (
	"hash/fnv"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// netemWants are the netems of every port, and of every medium's own queue, that a network wants.
func (l *layout) netemWants(n *fabric.Network) map[portID]netemWant {
	down := map[topology.ID]bool{}
	for _, v := range n.Down {
		down[v] = true
	}
	all := map[portID]netemWant{}
	for i := range l.spaces {
		s := &l.spaces[i]
		if s.medium {
			c := topology.Channel{Link: s.vertex}
			all[portID{i, -1}] = queueNetems(n.Topology.Vertices[s.vertex].Shape[0], 0, n.Queues[c], down[s.vertex])
		}
		for at, p := range s.ports {
			pair := &l.pairs[p.pair]
			out := &pair.egress[p.end]
			gone := down[s.vertex] || down[l.spaces[pair.space[1-p.end]].vertex]
			if !out.queue {
				all[portID{i, at}] = delayNetems(out.extra, gone)
				continue
			}
			c := out.channel
			shape := n.Topology.Vertices[c.Link].Shape[c.Dir]
			all[portID{i, at}] = queueNetems(shape, out.extra, n.Queues[c], gone || down[c.Link])
		}
	}
	return all
}

// bursts says of every port of a station whether its device may send bursts of segments as one: where no queue on
// the ways that begin there would take them for one packet. netem's limit counts packets, so that a queue with a rate
// would hold many times the bytes that it should, and one with a chance would lose them all at once.
func (l *layout) bursts(n *fabric.Network) map[portID]bool {
	all := map[portID]bool{}
	for p, channels := range l.uses {
		all[p] = true
		for c := range channels {
			s := &n.Topology.Vertices[c.Link].Shape[c.Dir]
			if s.Rate > 0 || s.Jitter > 0 || s.Loss > 0 || s.Reorder > 0 || s.Duplicate > 0 || s.Corrupt > 0 {
				all[p] = false
				break
			}
		}
	}
	return all
}

// seed is the random seed of the netem at a port. It stays the same when other links come and go.
func (l *layout) seed(n *fabric.Network, p portID, inner bool) uint64 {
	s := &l.spaces[p.space]
	of, end := uint64(0), uint64(0)
	if p.port >= 0 {
		of, end = uint64(l.pairs[s.ports[p.port].pair].id), uint64(s.ports[p.port].end+1)
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(n.Topology.Vertices[s.vertex].Name))
	for _, v := range []uint64{n.Seed, of, end} {
		for b := range 8 {
			_, _ = h.Write([]byte{byte(v >> (8 * b))})
		}
	}
	if inner {
		return ^h.Sum64()
	}
	return h.Sum64()
}
