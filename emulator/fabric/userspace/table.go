package userspace

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// burstRate is the rate, in bit/s, of the slowest link from which on bursts of segments cross the fabric
// whole. Below it packets are carried one by one, as a real link would, where each of them matters.
const burstRate = 200 * units.Mbps

// hop is a queue on a path and the delay behind it that is not the queue's own.
type hop struct {
	queue *queue
	extra int64 // ns
}

// path is a packet's way to a destination.
type path struct {
	to    *port
	hops  []hop
	delay int64 // ns, where there are no hops
	whole bool  // bursts need not be taken apart
}

// table is a network in the form in which packets need it. Paths are found when first used: at a
// thousand stations most pairs never talk.
type table struct {
	network  fabric.Network
	channels []topology.Channel
	index    map[topology.Channel]int // into channels, queues and shapes
	queues   []*queue
	shapes   []shape // wanted; core.install puts them in force
	ports    []*port
	byAddr   map[uint32]*port
	trees    []*topology.Tree // by destination port
	paths    [][]*path        // [from][to]
	scratch  []topology.Hop
}

var unreachable = new(path)

// newTable prepares want. Queues and ports that old has by the same name go on in the new table.
func newTable(want fabric.Network, old *table) (*table, error) {
	t := &table{
		network: want, channels: fabric.Channels(want.Topology),
		index: map[topology.Channel]int{}, byAddr: map[uint32]*port{},
	}
	known := old.names()
	for i, c := range t.channels {
		v := &want.Topology.Vertices[c.Link]
		q := known[named{v.Name, c.Dir}]
		if q == nil {
			q = newQueue(want.Seed, uint64(i))
		}
		limit, ok := want.Queues[c]
		if !ok {
			limit = max(v.Shape[c.Dir].Queue, topology.MinimumQueue)
		}
		t.index[c] = i
		t.queues = append(t.queues, q)
		t.shapes = append(t.shapes, shapeOf(v.Shape[c.Dir], limit))
	}
	if err := t.attach(old); err != nil {
		return nil, err
	}
	t.trees = make([]*topology.Tree, len(t.ports))
	t.paths = make([][]*path, len(t.ports))
	return t, nil
}

// attach makes the ports.
func (t *table) attach(old *table) error {
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
		addr := number(s.Addr.Addr())
		if t.byAddr[addr] != nil {
			return fmt.Errorf("stations %s and %s have the same address %v", t.byAddr[addr].name, name, s.Addr.Addr())
		}
		p := known[name]
		if p == nil || p.addr != addr {
			p = &port{name: name, addr: addr, mac: hardware(addr), fd: -1}
		}
		t.ports = append(t.ports, p)
		t.byAddr[addr] = p
	}
	return nil
}

// number is an IPv4 address as an integer; hardware the Ethernet address made from it, a locally
// administered one.
func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func hardware(addr uint32) [6]byte {
	mac := [6]byte{0x02, 0x74}
	binary.BigEndian.PutUint32(mac[2:], addr)
	return mac
}

type named struct {
	link string
	dir  int
}

func (t *table) names() map[named]*queue {
	all := map[named]*queue{}
	if t != nil {
		for i, c := range t.channels {
			all[named{t.network.Topology.Vertices[c.Link].Name, c.Dir}] = t.queues[i]
		}
	}
	return all
}

// grow computes the shortest paths to every station beforehand, so that no packet waits for them.
func (t *table) grow() {
	for i := range t.trees {
		t.trees[i] = t.network.Topology.TreeTo(t.network.Stations[i].ID)
	}
}

// adopt numbers the ports as this table does. Only the thread that owns the core calls it.
func (t *table) adopt() {
	for i, p := range t.ports {
		p.index = i
	}
}

func (t *table) lookup(addr uint32) *port { return t.byAddr[addr] }

// path finds the way between two ports, nil where there is none.
func (t *table) path(from, to *port) *path {
	if t.paths[from.index] == nil {
		t.paths[from.index] = make([]*path, len(t.ports))
	}
	p := t.paths[from.index][to.index]
	if p == nil {
		p = t.find(from, to)
		t.paths[from.index][to.index] = p
	}
	if p == unreachable {
		return nil
	}
	return p
}

func (t *table) find(from, to *port) *path {
	source := t.network.Stations[from.index].ID
	if t.trees[to.index] == nil {
		t.trees[to.index] = t.network.Topology.TreeTo(t.network.Stations[to.index].ID)
	}
	tree := t.trees[to.index]
	if !tree.Reaches(source) {
		return unreachable
	}
	steps, total := tree.Hops(t.scratch[:0], source)
	t.scratch = steps
	p := &path{to: to, hops: make([]hop, len(steps)), whole: true}
	if len(steps) == 0 {
		p.delay = int64(total)
	}
	for i, s := range steps {
		at := t.index[s.Channel]
		want := t.shapes[at]
		own := t.network.Topology.Vertices[s.Link].Shape[s.Dir].Delay
		p.hops[i] = hop{t.queues[at], int64(s.Delay - own)}
		if want.loss > 0 || want.jitter > 0 || want.rate > 0 && want.rate < uint64(burstRate) {
			p.whole = false
		}
	}
	return p
}
