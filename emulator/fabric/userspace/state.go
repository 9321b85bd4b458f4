package userspace

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// fingerprint tells networks apart that differ in more than a state: in their graphs or stations.
type fingerprint [sha256.Size]byte

// structureOf computes the fingerprint.
func structureOf(n fabric.Network) fingerprint {
	b := make([]byte, 0, 1<<16)
	integer := func(v int64) { b = binary.AppendVarint(b, v) }
	text := func(s string) { integer(int64(len(s))); b = append(b, s...) }
	integer(int64(len(n.Topology.Traces)))
	for _, trace := range n.Topology.Traces {
		digest := trace.Digest()
		b = append(b, digest[:]...)
	}
	integer(int64(len(n.Topology.Vertices)))
	if n.ARP {
		text("arp")
	}
	for i := range n.Topology.Vertices {
		v := &n.Topology.Vertices[i]
		text(v.Name)
		b = append(b, byte(v.Kind), byte(v.LinkType))
	}
	for _, edges := range n.Topology.Adjacency {
		integer(int64(len(edges)))
		for _, e := range edges {
			integer(int64(e.To))
			integer(int64(e.Delay))
		}
	}
	for i := range n.Stations {
		s := &n.Stations[i]
		integer(int64(s.ID))
		text(s.NetNS.Path)
		integer(int64(s.NetNS.Start))
		integer(int64(s.NetNS.Inode))
		text(s.Addr.String())
		if s.Forwards {
			text("forwards")
		}
		for _, a := range s.Addresses {
			text(a.String())
		}
		for _, r := range s.Routes {
			text(r.To.String())
			integer(int64(r.Via))
		}
		integer(int64(len(s.Addresses)))
		integer(int64(len(s.Routes)))
		integer(int64(len(s.Sysctls)))
		for _, key := range slices.Sorted(maps.Keys(s.Sysctls)) {
			text(key)
			text(s.Sysctls[key])
		}
	}
	return sha256.Sum256(b)
}

// state is what of a network changes while its structure stays.
type state struct {
	Structure fingerprint
	Shapes    []byte // plain, in the order of fabric.Channels
	Down      []topology.ID
	Partition [][]topology.ID
	Run       int64 // as in fabric.Network
}

// plain is a shape of fixed size.
type plain struct {
	Rate                              uint64
	Delay, Jitter, Limit, MTU         int64
	Loss, Reorder, Duplicate, Corrupt float64
	Trace, Delays                     int32
}

// stateOf takes the state from a network.
func stateOf(n fabric.Network) (state, error) {
	channels := fabric.Channels(n.Topology)
	shapes := shapesOf(n, channels)
	list := make([]plain, len(shapes))
	for i, s := range shapes {
		of := &n.Topology.Vertices[channels[i].Link].Shape[channels[i].Dir]
		list[i] = plain{s.rate, s.delay, s.jitter, s.limit, int64(s.mtu), s.loss, s.reorder, s.duplicate, s.corrupt,
			of.Trace, of.Delays}
	}
	b, err := binary.Append(nil, binary.LittleEndian, list)
	return state{structureOf(n), b, n.Down, n.Partition, n.Run}, err
}

// shapes decodes those of want channels, of a topology that has the traces.
func (s *state) shapes(want int, traces *topology.Topology) ([]shape, error) {
	list := make([]plain, want)
	if got := len(s.Shapes); got != want*binary.Size(plain{}) {
		return nil, fmt.Errorf("%d bytes for the shapes of %d queues", got, want)
	}
	if _, err := binary.Decode(s.Shapes, binary.LittleEndian, list); err != nil {
		return nil, err
	}
	shapes := make([]shape, want)
	for i, p := range list {
		shapes[i] = shape{
			rate: p.Rate, delay: p.Delay, jitter: p.Jitter, limit: p.Limit,
			loss: p.Loss, reorder: p.Reorder, duplicate: p.Duplicate, corrupt: p.Corrupt,
			mtu: int(p.MTU),
		}
		shapes[i].follow(traces, &topology.Shape{Trace: p.Trace, Delays: p.Delays}, s.Run)
	}
	return shapes, nil
}

// withState is the table in the state s, which is of its structure. routed says whether the shortest paths
// have to be computed anew. What has not changed is shared with the old table.
func (t *table) withState(s state) (next *table, routed bool, err error) {
	shapes, err := s.shapes(len(t.channels), t.network.Topology)
	if err != nil {
		return nil, false, err
	}
	copied := *t
	next = &copied
	next.network.Down, next.network.Partition, next.network.Run, next.shapes = s.Down, s.Partition, s.Run, shapes
	if next.faults, err = faultsOf(next.network); err != nil || slices.Equal(shapes, t.shapes) {
		return next, false, err
	}
	graph := *t.network.Topology
	graph.Vertices = slices.Clone(graph.Vertices)
	next.network.Topology = &graph
	for i, c := range t.channels {
		was, now := &t.shapes[i], &shapes[i]
		routed = routed || was.rate != now.rate || was.delay != now.delay
		now.storeIn(&graph.Vertices[c.Link].Shape[c.Dir])
	}
	if err := next.recut(); err != nil {
		return nil, false, err
	}
	next.paths, next.specialPaths = make([][]*path, len(t.ports)), map[specialKey]*path{}
	if routed {
		next.trees = make([]*topology.Tree, len(t.ports))
	}
	return next, routed, nil
}
