package simnet

import (
	"testbed/emulator/topology"
)

// leafGroup is a set of hosts that the rest of the network cannot tell apart: each is behind a duplex
// link of its own, of the same rates, to the same vertex. All paths to and from them are alike. A host
// that is attached in any other way forms a group of its own, at itself.
type leafGroup struct {
	leaf     bool
	at       topology.ID // where the links lead; the host itself where it is not a leaf
	up, down float32     // rates from and to the host, bit/s
	cost     float32     // of the link, see cost
	size     int
}

// groupLeaves finds the groups of a topology's hosts: of[row] is a host's group. Core marks the vertices
// that are left when leaves and their links are taken away.
func groupLeaves(t *topology.Topology, hosts []topology.ID) (groups []leafGroup, of []int32, core []bool) {
	core = make([]bool, t.EdgeSize())
	for i := range core {
		core[i] = true
	}
	incoming := make([]int32, t.EdgeSize())
	for v := range t.EdgeSize() {
		for _, e := range t.Adjacency[v] {
			if int(e.To) < len(incoming) {
				incoming[e.To]++
			}
		}
	}
	of = make([]int32, len(hosts))
	index := map[leafGroup]int32{}
	for i, h := range hosts {
		g, link := leafOf(t, h, incoming)
		if g.leaf {
			core[h], core[link] = false, false
		}
		at, known := index[g]
		if !known {
			at = int32(len(groups))
			index[g] = at
			groups = append(groups, g)
		}
		of[i] = at
		groups[at].size++
	}
	return groups, of, core
}

// leafOf describes how a host is attached, and by which link.
func leafOf(t *topology.Topology, h topology.ID, incoming []int32) (leafGroup, topology.ID) {
	self := leafGroup{at: h}
	out := edgeNeighbours(t, h)
	if len(out) != 1 || incoming[h] != 1 {
		return self, 0
	}
	link := out[0]
	v := &t.Vertices[link]
	ends := edgeNeighbours(t, link)
	if v.Kind != topology.Link || v.LinkType != topology.Duplex ||
		len(ends) != 2 || len(t.Adjacency[link]) != 2 || incoming[link] != 2 {
		return self, 0
	}
	at := ends[0]
	if at == h {
		at = ends[1]
	}
	if (ends[0] != h && ends[1] != h) || at == h || !hub(&t.Vertices[at]) || !leadsTo(t, at, link) {
		return self, 0
	}
	return leafGroup{
		leaf: true, at: at, cost: cost(v),
		up: capacity(v, t.Direction(link, h)), down: capacity(v, t.Direction(link, at)),
	}, link
}

// hub says whether leaves can be at v: it forwards, with one rate or none.
func hub(v *topology.Vertex) bool {
	return v.Kind == topology.Switch || v.Kind == topology.Exchange ||
		v.Kind == topology.Link && v.LinkType == topology.Shared
}

func edgeNeighbours(t *topology.Topology, v topology.ID) []topology.ID {
	var ids []topology.ID
	for _, e := range t.Adjacency[v] {
		if int(e.To) < t.EdgeSize() {
			ids = append(ids, e.To)
		}
	}
	return ids
}

func leadsTo(t *topology.Topology, from, to topology.ID) bool {
	for _, e := range t.Adjacency[from] {
		if e.To == to {
			return true
		}
	}
	return false
}
