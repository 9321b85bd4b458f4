package fabric

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"testbed/emulator/topology"
)

// RouterAddr is the address from which the vertex id answers where it forwards packets, e.g. with ICMP's time
// exceeded: one of 198.18.0.0/15, which no host on the Internet has (RFC 2544), so that every fabric's switches
// answer traceroute alike. id is less than 131,071.
func RouterAddr(id topology.ID) netip.Addr {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], 198<<24|18<<16|uint32(id+1))
	return netip.AddrFrom4(a)
}

// Routers says of every vertex whether it forwards packets, taking one from their time to live: switches and
// exchanges, and links that join more than two vertices or other links. All other links are wires, and hosts and
// the cloud are where ways end.
func Routers(t *topology.Topology) []bool {
	into := make([][]topology.ID, len(t.Vertices))
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			into[e.To] = append(into[e.To], topology.ID(v))
		}
	}
	all := make([]bool, len(t.Vertices))
	for i := range t.Vertices {
		id := topology.ID(i)
		kind := t.Vertices[id].Kind
		all[id] = !kind.Attached() && (kind != topology.Link || !isWire(t, into[id], id))
	}
	return all
}

// isWire says whether a link leads from one vertex to another, neither of them a link. into are those with an
// edge to it.
func isWire(t *topology.Topology, into []topology.ID, id topology.ID) bool {
	to := t.Adjacency[id]
	switch t.Vertices[id].LinkType {
	case topology.Duplex:
		if len(to) != 2 || len(into) != 2 || to[0].To == to[1].To {
			return false
		}
	case topology.Uplink, topology.Downlink:
		if len(to) != 1 || len(into) != 1 || to[0].To == into[0] {
			return false
		}
	default:
		return false
	}
	isLink := func(id topology.ID) bool { return t.Vertices[id].Kind == topology.Link }
	leadsToLink := func(e topology.Edge) bool { return isLink(e.To) }
	return !slices.ContainsFunc(into, isLink) && !slices.ContainsFunc(to, leadsToLink)
}
