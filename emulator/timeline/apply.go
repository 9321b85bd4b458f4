package timeline

import (
	"maps"
	"slices"
	"sync"

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
// changes; those that declare none are derived as topology.QueueLimits does, in O(hosts · E log V). The
// last topology and limits are kept for moments with the same shapes; base's topology must not change
// between calls. It is safe for concurrent use.
func (m Moment) Apply(base fabric.Network) fabric.Network {
	n := base
	if len(m.Shapes) > 0 && base.Topology != nil {
		var derived map[topology.Channel]units.ByteSize
		n.Topology, derived = m.reshaped(base.Topology)
		n.Queues = m.queues(base, derived)
	}
	n.Down = union(base.Down, m.Down)
	if len(m.Partition) > 0 {
		n.Partition = intersect(base.Partition, m.Partition)
	}
	return n
}

// cache holds the topology last made, and its byte limits.
type cache struct {
	mu      sync.Mutex
	base    *topology.Topology
	version int
	made    *topology.Topology
	limits  map[topology.Channel]units.ByteSize
}

// reshaped is the moment's topology and its byte limits, which are nil where no queue depends on them.
func (m Moment) reshaped(base *topology.Topology) (*topology.Topology, map[topology.Channel]units.ByteSize) {
	k := m.cache
	if k == nil {
		k = &cache{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.made == nil || k.base != base || k.version != m.version {
		k.base, k.version, k.made, k.limits = base, m.version, m.Topology(base), nil
		for c, now := range m.Shapes {
			if now.Queue <= 0 && m.requeued(base, c) {
				k.limits = k.made.QueueLimits()
				break
			}
		}
	}
	return k.made, k.limits
}

// requeued says whether the moment changes what a queue's byte limit follows from.
func (m Moment) requeued(base *topology.Topology, c topology.Channel) bool {
	if int(c.Link) >= len(base.Vertices) {
		return false
	}
	was, now := &base.Vertices[c.Link].Shape[c.Dir], m.Shapes[c]
	return was.Rate != now.Rate || was.Delay != now.Delay || was.Queue != now.Queue
}

// queues are the byte limits of base, with those that the moment changes.
func (m Moment) queues(base fabric.Network, derived map[topology.Channel]units.ByteSize) map[topology.Channel]units.ByteSize {
	limits := maps.Clone(base.Queues)
	if limits == nil {
		limits = map[topology.Channel]units.ByteSize{}
	}
	for c, now := range m.Shapes {
		switch {
		case !m.requeued(base.Topology, c):
		case now.Queue > 0:
			limits[c] = now.Queue
		default:
			limits[c] = derived[c]
		}
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
