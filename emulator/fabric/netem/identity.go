package netem

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"slices"
	"strings"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/lazy"
	"testbed/emulator/topology"
)

// What is in the kernel is recognised by names alone, never by numbers, which change as nodes come and go: a
// namespace by the vertex's name, a pair by its hardware address, which follows from the names of what it joins.

// identify gives spaces and pairs what they are recognised by, and their addresses.
func (l *layout) identify(n *fabric.Network) {
	for i := range l.spaces {
		s := &l.spaces[i]
		if s.station >= 0 {
			own := n.Stations[s.station].Addr
			s.address, s.address6 = netip.PrefixFrom(own.Addr(), 32), netip.PrefixFrom(fabric.Addr6(own).Addr(), 128)
			for _, a := range n.Stations[s.station].Addresses {
				s.further = append(s.further, netip.PrefixFrom(a.Addr(), a.Addr().BitLen()))
			}
			continue
		}
		s.name = spaceName(n.Topology.Vertices[s.vertex].Name)
		s.address = netip.PrefixFrom(fabric.RouterAddr(s.vertex), 32)
		s.address6 = netip.PrefixFrom(fabric.RouterAddr6(s.vertex), 128)
	}
	used := map[uint32]bool{}
	for i := range l.pairs {
		p := &l.pairs[i]
		ends := []string{l.endKey(n.Topology, p.space[0]), l.endKey(n.Topology, p.space[1])}
		slices.Sort(ends)
		h := fnv.New32a()
		_, _ = h.Write([]byte(strings.Join(append(ends, p.link), "\x00")))
		for p.id = h.Sum32(); used[p.id]; p.id++ {
		}
		used[p.id] = true
	}
}

// endKey names a space. A station with another address is another one: its devices are made anew.
func (l *layout) endKey(t *topology.Topology, i int) string {
	s := &l.spaces[i]
	if s.station >= 0 {
		return t.Vertices[s.vertex].Name + " " + s.address.String()
	}
	return t.Vertices[s.vertex].Name
}

var (
	plainName = lazy.Regexp(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}$`)
	notPlain  = lazy.Regexp(`[^A-Za-z0-9_-]`)
)

// spaceName is the name of the namespace of a vertex: the vertex's own, where a file can have it.
func spaceName(vertex string) string {
	if plainName().MatchString(vertex) {
		return vertex
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(vertex))
	text := notPlain().ReplaceAllString(vertex, "_")
	return fmt.Sprintf("%.40s~%x", text, h.Sum64())
}

// ownHardware begins the hardware addresses of all pairs.
var ownHardware = []byte{0x02, 0x74}

// hardware is the address of both ends of a pair.
func (p *pair) hardware() net.HardwareAddr {
	return append(slices.Clone(ownHardware), byte(p.id>>24), byte(p.id>>16), byte(p.id>>8), byte(p.id))
}

// isOwnHardware tells whether a pair's end may have the address.
func isOwnHardware(address []byte) bool {
	return len(address) == 6 && bytes.HasPrefix(address, ownHardware)
}
