package events

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// network is what is active while Compile goes through time.
type network struct {
	base       *topology.Topology // as the scenario says
	links      map[topology.ID]*link
	faults     map[topology.ID]*outage
	partitions []*change

	// The state at this time, which moments share until it changes.
	shapes map[topology.Channel]topology.Shape // of links that are not as in base
	down   []topology.ID
	groups [][]topology.ID
	// What has changed since the last moment: only that is worked out and copied anew.
	changedLinks     map[topology.ID]bool
	changedFaults    map[topology.ID]bool
	partitionChanged bool

	moved              map[topology.Attachment]topology.ID // attachments that are elsewhere, and where
	moves              []fabric.Move                       // the same, which moments share
	attachmentsChanged bool
	mover              int // the event that moved the last one
	states             int // of links and nodes, copied so far
	scratch            *topology.Topology
}

// link is what is set on a link. Changes without an end are folded into one shape as they come to lie below all that
// may still end, so that a long list of events costs no more as time goes on.
type link struct {
	folded [2]topology.Shape
	active []*change // since then, in order
	varied int       // the last event folded that sets delay or jitter
}

// outage is whether a link or node is down, in the same way.
type outage struct {
	folded bool
	active []*change
}

func newNetwork(t *topology.Topology) *network {
	return &network{
		base: t, links: map[topology.ID]*link{}, faults: map[topology.ID]*outage{},
		changedLinks: map[topology.ID]bool{}, changedFaults: map[topology.ID]bool{},
	}
}

// add begins a change. Changes begin in the order in which they are to be applied.
func (n *network) add(c *change) {
	switch c.kind {
	case partition:
		n.partitions, n.partitionChanged = append(n.partitions, c), true
		return
	case attach:
		n.move(c)
		return
	}
	for _, id := range c.targets {
		if c.kind == down || c.kind == up {
			f := n.faults[id]
			if f == nil {
				f = &outage{}
				n.faults[id] = f
			}
			f.active, n.changedFaults[id] = append(f.active, c), true
			continue
		}
		l := n.links[id]
		if l == nil {
			l = &link{folded: n.base.Vertices[id].Shape}
			n.links[id] = l
		}
		l.active, n.changedLinks[id] = append(l.active, c), true
	}
}

// remove ends a change.
func (n *network) remove(c *change) {
	without := func(list []*change) []*change {
		i := slices.Index(list, c)
		return slices.Delete(list, i, i+1)
	}
	if c.kind == partition {
		n.partitions, n.partitionChanged = without(n.partitions), true
		return
	}
	for _, id := range c.targets {
		if c.kind == down || c.kind == up {
			n.faults[id].active, n.changedFaults[id] = without(n.faults[id].active), true
			continue
		}
		n.links[id].active, n.changedLinks[id] = without(n.links[id].active), true
	}
}

// snapshot writes the network's state into a moment. It fails where that cannot be.
func (n *network) snapshot(m *Moment) error {
	if len(n.changedLinks) > 0 {
		if err := n.reshape(m.At); err != nil {
			return err
		}
		n.states += len(n.shapes)
	}
	if len(n.changedFaults) > 0 {
		n.refault()
		n.states += len(n.down)
	}
	if n.partitionChanged {
		n.groups = nil
		for _, c := range n.partitions {
			n.groups = fabric.Intersect(n.groups, c.groups)
		}
		for _, g := range n.groups {
			n.states += len(g)
		}
		n.partitionChanged = false
	}
	if n.attachmentsChanged {
		var err error
		if n.moves, err = n.reattached(); err != nil {
			return fault(n.mover, ".attach", "", fmt.Errorf("from %v on: %w", m.At, err))
		}
		n.states += len(n.moves)
		n.attachmentsChanged = false
	}
	m.Shapes, m.Down, m.Partition, m.Moves = n.shapes, n.down, n.groups, n.moves
	return nil
}

// reshape works out the shapes of the links touched.
func (n *network) reshape(from time.Duration) error {
	n.shapes = maps.Clone(n.shapes)
	if n.shapes == nil {
		n.shapes = map[topology.Channel]topology.Shape{}
	}
	for _, id := range slices.Sorted(maps.Keys(n.changedLinks)) {
		v := &n.base.Vertices[id]
		n.links[id].fold(v)
		now := n.links[id].shape(v)
		if err := n.possible(id, now); err != nil {
			return fault(n.links[id].last(), ".set", "set at most the delay, or a longer delay with it",
				fmt.Errorf("from %v on: link %s: the jitter of %v is larger than the delay of %v", from, v.Name, err.Jitter,
					err.Delay))
		}
		for dir := range now {
			if c := (topology.Channel{Link: id, Dir: dir}); now[dir] == v.Shape[dir] {
				delete(n.shapes, c)
			} else {
				n.shapes[c] = now[dir]
			}
		}
	}
	clear(n.changedLinks)
	return nil
}

// possible holds a link's jitter against its delay, unless it is as in the scenario.
func (n *network) possible(id topology.ID, now [2]topology.Shape) *topology.JitterError {
	v := n.base.Vertices[id]
	if now == v.Shape || topology.CheckJitter(now, v.LinkType, 0) == nil {
		return nil
	}
	v.Shape = now
	if n.scratch == nil {
		copied := *n.base
		copied.Vertices = slices.Clone(n.base.Vertices)
		n.scratch = &copied
	}
	n.scratch.Vertices[id] = v
	if errs := n.scratch.CheckJitter([]topology.ID{id}); len(errs) > 0 {
		return errs[0]
	}
	return nil
}

// fold makes what can never end part of the folded shape.
func (l *link) fold(base *topology.Vertex) {
	for len(l.active) > 0 && !l.active[0].window {
		if l.active[0].varies() {
			l.varied = l.active[0].event
		}
		apply(l.active[0], &l.folded, base)
		l.active = l.active[1:]
	}
}

// last is the event which has the last word on delay or jitter.
func (l *link) last() int {
	for _, c := range slices.Backward(l.active) {
		if c.varies() {
			return c.event
		}
	}
	return l.varied
}

// varies says whether it sets what jitter is held against, or jitter.
func (c *change) varies() bool {
	return c.kind == set && (c.properties.Jitter != nil || c.properties.Delay != nil || c.properties.RTT != nil)
}

// shape is the link's at this time.
func (l *link) shape(base *topology.Vertex) [2]topology.Shape {
	shape := l.folded
	for _, c := range l.active {
		apply(c, &shape, base)
	}
	return shape
}

func apply(c *change, shape *[2]topology.Shape, base *topology.Vertex) {
	if c.kind == reset {
		*shape = base.Shape
		return
	}
	// It was found to fit the link's type when the events were read; jitter is held against the delay once all is applied.
	c.properties.MergeUnchecked(shape, base.LinkType)
}

// refault works out what is down.
func (n *network) refault() {
	state := map[topology.ID]bool{}
	for _, id := range n.down {
		state[id] = true
	}
	for id := range n.changedFaults {
		n.faults[id].fold()
		if n.faults[id].down() {
			state[id] = true
		} else {
			delete(state, id)
		}
	}
	n.down = slices.Sorted(maps.Keys(state))
	clear(n.changedFaults)
}

// fold makes what can never end part of the folded state.
func (f *outage) fold() {
	for len(f.active) > 0 && !f.active[0].window {
		f.folded = f.active[0].kind == down
		f.active = f.active[1:]
	}
}

// down says whether it is down at this time: the last change decides.
func (f *outage) down() bool {
	if last := len(f.active) - 1; last >= 0 {
		return f.active[last].kind == down
	}
	return f.folded
}
