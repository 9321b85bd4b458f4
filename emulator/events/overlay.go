package events

import (
	"cmp"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// Overlay is what the moment lays over a network made from t, the topology that the events were compiled for:
// of each queue the properties in which it differs from t. What somebody else changes in the network below
// stays in force, but where the moment changes the same property of the same queue.
func (m Moment) Overlay(t *topology.Topology) fabric.Overlay {
	o := fabric.Overlay{Down: m.Down, Partition: m.Partition, Moves: m.Moves}
	for c, now := range m.Shapes {
		if int(c.Link) < len(t.Vertices) {
			o.Queues = append(o.Queues, fabric.QueueOverlay{Channel: c, Was: t.Vertices[c.Link].Shape[c.Dir], Now: now})
		}
	}
	slices.SortFunc(o.Queues, func(a, b fabric.QueueOverlay) int {
		return cmp.Or(cmp.Compare(a.Channel.Link, b.Channel.Link), cmp.Compare(a.Channel.Dir, b.Channel.Dir))
	})
	return o
}
