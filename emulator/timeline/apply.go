package timeline

import (
	"maps"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Topology is base with the moment's shapes. Base is not changed, and is returned itself where nothing
// differs; all but the vertices is shared with it, so that none may be added to the copy.
func (m Moment) Topology(base *topology.Topology) *topology.Topology {
	if len(m.Shapes) == 0 || base == nil {
		return base
	}
	t := *base
	t.Vertices = slices.Clone(base.Vertices)
	for c, shape := range m.Shapes {
		if int(c.Link) < len(t.Vertices) {
			t.Vertices[c.Link].Shape[c.Dir] = shape
		}
	}
	return &t
}

// Apply is the network base, made from the topology that the events were compiled for, in the moment's
// state; base is not changed. What base has beyond its scenario stays: other changed links, what is down
// already, and a partition. Byte limits are kept but for queues whose rate, delay or own limit the moment
// changes; those that declare none are derived as topology.QueueLimits does, in O(hosts · E log V).
func (m Moment) Apply(base fabric.Network) fabric.Network {
	n := base
	n.Topology = m.Topology(base.Topology)
	n.Queues = m.queues(base, n.Topology)
	n.Down = union(base.Down, m.Down)
	if len(m.Partition) > 0 {
		n.Partition = intersect(base.Partition, m.Partition)
	}
	return n
}

// queues are the byte limits of base on the topology t, which differs from base's by the moment's shapes.
func (m Moment) queues(base fabric.Network, t *topology.Topology) map[topology.Channel]units.ByteSize {
	var limits, derived map[topology.Channel]units.ByteSize
	for c, now := range m.Shapes {
		if int(c.Link) >= len(t.Vertices) {
			continue
		}
		was := base.Topology.Vertices[c.Link].Shape[c.Dir]
		if was.Rate == now.Rate && was.Delay == now.Delay && was.Queue == now.Queue {
			continue
		}
		limit := now.Queue
		if limit <= 0 {
			if derived == nil {
				derived = t.QueueLimits()
			}
			limit = derived[c]
		}
		if limits == nil {
			if limits = maps.Clone(base.Queues); limits == nil {
				limits = map[topology.Channel]units.ByteSize{}
			}
		}
		limits[c] = limit
	}
	if limits == nil {
		return base.Queues
	}
	return limits
}

// union lists what is in a or b: b itself where a is empty.
func union(a, b []topology.ID) []topology.ID {
	if len(a) == 0 {
		return b
	}
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
