package userspace

import (
	"errors"
	"fmt"
	"hash/fnv"

	"testbed/emulator/machines"
	"testbed/emulator/topology"
)

// cut is what the table of one machine of several knows of where the network is cut. Each machine's table has all of
// the network, and its core the part whose queues have their tails there. A path ends, for a core, behind the last of
// its queues, with a crossing; the machine at the far end of the link goes on with it (see onward).
type cut struct {
	self      int
	partition *machines.Partition
	owners    *machines.Owners
	heads     []int           // by queue: the machine at the far end of its link
	ids       []uint64        // by queue: what it is called on the wire
	byID      map[uint64]int  // the queue of that name
	index     map[*queue]int  // of a queue
	exits     [][]topology.ID // by queue: where packets go from it

	next map[onwardKey]*onward // cache of the paths on which packets of other machines go on
}

// crossing is the end of a path at a link that leads to another machine.
type crossing struct {
	to      int // machine
	channel uint64
	queue   *queue // the link's
	kind    uint8  // of path
	router  uint16 // see specialKey.at; of a flood: which of the branches of that queue
	// Addresses of the station that sent the packet or, where it is an ICMP message, of the router (0: it does not
	// matter), and of the station that it is for.
	from, toAddress uint32

	behind *gate // of the vertex behind the link, if this machine tells senders where that is down
	last   bool  // the queue is the path's last, whichever machine has it
}

// Kinds of paths on the wire; those that end at no single station have 1 more than specialKey's.
const pathStation = 0

// divide makes the table that of one of several machines. It fails where the network cannot be cut like that.
func (t *table) divide(p *machines.Partition, self int) error {
	if err := p.Validate(t.network.Topology); err != nil {
		return err
	}
	owners, err := p.Owners(t.network.Topology)
	if err != nil {
		return err
	}
	if t.network.ARP {
		if err := p.CheckSegments(t.network.Topology, owners); err != nil {
			return err
		}
	}
	if self < 0 || self >= len(p.Machines) {
		return fmt.Errorf("there is no machine %d, of %d", self, len(p.Machines))
	}
	c := &cut{self: self, partition: p, owners: owners, byID: map[uint64]int{}, index: map[*queue]int{},
		next: map[onwardKey]*onward{}}
	var errs []error
	for _, x := range owners.Crossings(t.network.Topology) {
		if x.Link == "" {
			errs = append(errs, fmt.Errorf("%s and %s are on different machines and no link is between them", x.From, x.To))
		}
	}
	graph := machines.NewGraph(t.network.Topology)
	for i, channel := range t.channels {
		name := t.network.Topology.Vertices[channel.Link].Name
		head, exits, err := headOf(graph, owners, channel)
		if err != nil {
			errs = append(errs, fmt.Errorf("link %s: %w", name, err))
		}
		id := wireName(name, channel.Dir)
		if _, twice := c.byID[id]; twice {
			errs = append(errs, fmt.Errorf("link %s has the same number as another one: rename it", name))
		}
		c.heads, c.ids, c.exits = append(c.heads, head), append(c.ids, id), append(c.exits, exits)
		c.byID[id], c.index[t.queues[i]] = i, i
	}
	t.cut = c
	return errors.Join(errs...)
}

// recut begins the cache of paths anew for a table whose shapes differ, and fails where a crossing is below its floor
// with them.
func (t *table) recut() error {
	if t.cut == nil {
		return nil
	}
	own := *t.cut
	own.next = map[onwardKey]*onward{}
	t.cut = &own
	return own.partition.CheckFloor(t.network.Topology, own.owners)
}

// headOf is the machine at the far end of a queue's link, and the vertices there.
func headOf(g *machines.Graph, o *machines.Owners, c topology.Channel) (head int, exits []topology.ID, err error) {
	head = o.Queue(c)
	for i, e := range g.Exits(c) {
		at := 0
		if e.Queue != nil {
			at = o.Queue(*e.Queue)
		} else {
			at = o.Vertex(e.To)
		}
		if i > 0 && at != head {
			return head, nil, errors.New("it leads to more than one machine")
		}
		head, exits = at, append(exits, e.To)
	}
	return head, exits, nil
}

// wireName is what a queue is called on the wire, also while machines have different tables.
func wireName(link string, dir int) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %s", dir, link)
	return h.Sum64()
}

// elsewhere says whether a station, by its index, is on another machine.
func (t *table) elsewhere(i int) bool {
	return t.cut != nil && t.cut.owners.Vertex(t.network.Stations[i].ID) != t.cut.self
}

// owns says whether a queue, by its index, has its tail here.
func (t *table) owns(i int) bool {
	return t.cut == nil || t.cut.owners.Queue(t.channels[i]) == t.cut.self
}

// crosses ends a path behind the first queue that leads to another machine. x says what is told that one.
func (t *table) crosses(p *path, x crossing) {
	if t.cut == nil {
		return
	}
	for i := range p.hops {
		at := t.cut.index[p.hops[i].queue]
		if t.cut.heads[at] == t.cut.self {
			continue
		}
		x.to, x.channel, x.queue = t.cut.heads[at], t.cut.ids[at], t.queues[at]
		x.last = i+1 == len(p.hops)
		behind := p.lastGates
		if !x.last {
			behind = p.hops[i+1].gates
		}
		// Of what is behind a link that is a router, the other machine tells. Where the time to live ends is the end.
		if len(behind) > 0 && !t.routers[t.channels[at].Link] {
			x.behind = behind[0]
		}
		p.hops, p.lastGates, p.end = p.hops[:i+1], nil, &pathEnd{crossing: &x}
		return
	}
}
