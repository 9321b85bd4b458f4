package userspace

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// table is the forwarding table: a network in the form in which packets need it. Paths are found on first use: at a
// thousand stations most pairs never talk. Tables are replaced, not changed (see core.install); queues, gates and
// ports go on from one to the next.
type table struct {
	network      fabric.Network
	structure    fingerprint
	channels     []topology.Channel
	users        []string                 // by channel: what shares its queue, for Inspect
	index        map[topology.Channel]int // into channels, queues and shapes
	queues       []*queue
	shapes       []shape // wanted; core.install puts them in force
	gates        []*gate // by vertex
	faults       faults
	ports        []*port
	byAddr       map[uint32]*port
	second       map[netip.Addr]*port // further addresses; nil: there are none, and no routes
	detours      []detours            // by port
	trees        []*topology.Tree     // of shortest paths, by destination port; nil: not yet computed
	paths        [][]*path            // [from][to]
	specialPaths map[specialKey]*path // cache of paths that end at no single station
	routers      []bool               // by vertex: it decrements the time to live (fabric.Routers)
	scratch      *scratch
	cut          *cut // nil: one machine carries all
}

// newTable prepares want. Queues, gates and ports that old has by the same name go on in the new table.
func newTable(want fabric.Network, old *table) (*table, error) {
	t := &table{
		network: want, structure: structureOf(want), channels: fabric.Channels(want.Topology),
		index: map[topology.Channel]int{}, byAddr: map[uint32]*port{}, scratch: new(scratch),
		specialPaths: map[specialKey]*path{}, routers: fabric.Routers(want.Topology),
	}
	var err error
	if t.faults, err = faultsOf(want); err != nil {
		return nil, err
	}
	t.shareTraces(old)
	known := old.queuesByName()
	for i, c := range t.channels {
		q := known[queueName{want.Topology.Vertices[c.Link].Name, c.Dir}]
		if q == nil {
			q = newQueue(want.Seed, uint64(i))
		}
		t.index[c] = i
		t.queues = append(t.queues, q)
		t.users = append(t.users, fabric.Users(want.Topology, c))
	}
	t.shapes = shapesOf(t.network, t.channels) // with the traces that are shared
	t.makeGates(old)
	if err := t.makePorts(old); err != nil {
		return nil, err
	}
	if err := t.makeDetours(); err != nil {
		return nil, err
	}
	t.trees = make([]*topology.Tree, len(t.ports))
	t.paths = make([][]*path, len(t.ports))
	return t, nil
}

// shapesOf lists the shapes wanted of the channels.
func shapesOf(n fabric.Network, channels []topology.Channel) []shape {
	shapes := make([]shape, len(channels))
	for i, c := range channels {
		s := &n.Topology.Vertices[c.Link].Shape[c.Dir]
		limit, ok := n.Queues[c]
		if !ok {
			limit = max(s.Queue, topology.MinimumQueue)
		}
		shapes[i] = shapeOf(*s, limit)
		shapes[i].follow(n.Topology, s, n.Run)
	}
	return shapes
}

// makeGates makes a gate for every vertex. One of the same name goes on from the old table.
func (t *table) makeGates(old *table) {
	known := map[string]*gate{}
	if old != nil {
		for _, g := range old.gates {
			known[g.name] = g
		}
	}
	for i := range t.network.Topology.Vertices {
		name := t.network.Topology.Vertices[i].Name
		g := known[name]
		if g == nil {
			g = &gate{name: name}
		}
		t.gates = append(t.gates, g)
	}
}

// makePorts makes a port for every station. One of the same name goes on from the old table, whatever its index and
// address were.
func (t *table) makePorts(old *table) error {
	known := map[string]*port{}
	if old != nil {
		for _, p := range old.ports {
			known[p.name] = p
		}
	}
	for _, s := range t.network.Stations {
		if s.ID < 0 || int(s.ID) >= len(t.network.Topology.Vertices) {
			return fmt.Errorf("station %d is not a vertex of the topology", s.ID)
		}
		name := t.network.Topology.Vertices[s.ID].Name
		if !s.Addr.Addr().Is4() {
			return fmt.Errorf("station %s: %v is not an IPv4 address", name, s.Addr)
		}
		addr := addrInt(s.Addr.Addr())
		if t.byAddr[addr] != nil {
			return fmt.Errorf("stations %s and %s have the same address %v", t.byAddr[addr].name, name, s.Addr.Addr())
		}
		p := known[name]
		if p == nil {
			p = &port{name: name, fd: -1}
		}
		t.ports = append(t.ports, p)
		t.byAddr[addr] = p
	}
	return nil
}

// addr is a station's address.
func (t *table) addr(p *port) uint32 { return addrInt(t.network.Stations[p.index].Addr.Addr()) }

// addrInt is an IPv4 address as an integer.
func addrInt(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// broadcastAddr is a network's broadcast address; 0 where it has none.
func broadcastAddr(p netip.Prefix) uint32 {
	if p.Bits() > 30 {
		return 0
	}
	return addrInt(p.Addr()) | (1<<(32-p.Bits()) - 1)
}

// hardware is the Ethernet address made from an IPv4 address: a locally administered one.
func hardware(addr uint32) [6]byte {
	mac := [6]byte{0x02, 0x74}
	binary.BigEndian.PutUint32(mac[2:], addr)
	return mac
}

// queueName tells queues apart across tables: the name of the link, and the direction.
type queueName struct {
	link string
	dir  int
}

// queuesByName lists the table's queues; a nil table has none.
func (t *table) queuesByName() map[queueName]*queue {
	all := map[queueName]*queue{}
	if t != nil {
		for i, c := range t.channels {
			all[queueName{t.network.Topology.Vertices[c.Link].Name, c.Dir}] = t.queues[i]
		}
	}
	return all
}
