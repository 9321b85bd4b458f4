package events

import (
	"fmt"
	"maps"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// network is what is active while Compile goes through time.
type network struct {
	base       *topology.Topology
	links      map[topology.ID]*link
	faults     map[topology.ID]*fault
	partitions []*change

	shapes map[topology.Channel]topology.Shape
	down   []topology.ID
	groups [][]topology.ID
	// Changed since the last moment: what moments share is copied then, and only then.
	touched map[topology.ID]bool
	hit     map[topology.ID]bool
	parted  bool
	states  int // copied so far
	scratch *topology.Topology
}

// link is what is set on a link: settled for good, and after that, in order, what may still end.
type link struct {
	settled [2]topology.Shape
	active  []*change
}

// fault is whether a link or node is down, in the same way.
type fault struct {
	settled bool
	active  []*change
}

func newNetwork(t *topology.Topology) *network {
	return &network{base: t, links: map[topology.ID]*link{}, faults: map[topology.ID]*fault{},
		touched: map[topology.ID]bool{}, hit: map[topology.ID]bool{}}
}

// add begins a change. Changes begin in the order in which they are to be applied.
func (n *network) add(c *change) {
	if c.kind == partition {
		n.partitions, n.parted = append(n.partitions, c), true
		return
	}
	for _, id := range c.targets {
		if c.kind == down || c.kind == up {
			f := n.faults[id]
			if f == nil {
				f = &fault{}
				n.faults[id] = f
			}
			f.active, n.hit[id] = append(f.active, c), true
			continue
		}
		l := n.links[id]
		if l == nil {
			l = &link{settled: n.base.Vertices[id].Shape}
			n.links[id] = l
		}
		l.active, n.touched[id] = append(l.active, c), true
	}
}

// remove ends a change.
func (n *network) remove(c *change) {
	without := func(list []*change) []*change {
		i := slices.Index(list, c)
		return slices.Delete(list, i, i+1)
	}
	if c.kind == partition {
		n.partitions, n.parted = without(n.partitions), true
		return
	}
	for _, id := range c.targets {
		if c.kind == down || c.kind == up {
			n.faults[id].active, n.hit[id] = without(n.faults[id].active), true
			continue
		}
		n.links[id].active, n.touched[id] = without(n.links[id].active), true
	}
}

// fill completes a moment by the network's state. It fails where that cannot be.
func (n *network) fill(m *Moment) error {
	if len(n.touched) > 0 {
		if err := n.reshape(); err != nil {
			return fmt.Errorf("events: from %v on: %w", m.At, err)
		}
		n.states += len(n.shapes)
	}
	if len(n.hit) > 0 {
		n.refault()
		n.states += len(n.down)
	}
	if n.parted {
		n.groups = nil
		for _, c := range n.partitions {
			n.groups = fabric.Intersect(n.groups, c.groups)
		}
		for _, g := range n.groups {
			n.states += len(g)
		}
		n.parted = false
	}
	m.Shapes, m.Down, m.Partition = n.shapes, n.down, n.groups
	return nil
}

// reshape works out the shapes of the links touched.
func (n *network) reshape() error {
	n.shapes = maps.Clone(n.shapes)
	if n.shapes == nil {
		n.shapes = map[topology.Channel]topology.Shape{}
	}
	for _, id := range slices.Sorted(maps.Keys(n.touched)) {
		v := &n.base.Vertices[id]
		now := n.links[id].now(v)
		if err := n.possible(id, now); err != nil {
			return fmt.Errorf("link %s: %w", v.Name, err)
		}
		for dir := range now {
			if c := (topology.Channel{Link: id, Dir: dir}); now[dir] == v.Shape[dir] {
				delete(n.shapes, c)
			} else {
				n.shapes[c] = now[dir]
			}
		}
	}
	clear(n.touched)
	return nil
}

// possible holds a link's jitter against its delay, unless it is as in the scenario.
func (n *network) possible(id topology.ID, now [2]topology.Shape) error {
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

// now is a link's shape. What can never end is settled on the way.
func (l *link) now(base *topology.Vertex) [2]topology.Shape {
	for len(l.active) > 0 && !l.active[0].window {
		apply(l.active[0], &l.settled, base)
		l.active = l.active[1:]
	}
	shape := l.settled
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
	for id := range n.hit {
		if n.faults[id].now() {
			state[id] = true
		} else {
			delete(state, id)
		}
	}
	n.down = slices.Sorted(maps.Keys(state))
	clear(n.hit)
}

// now says whether it is down: the last change decides.
func (f *fault) now() bool {
	for len(f.active) > 0 && !f.active[0].window {
		f.settled = f.active[0].kind == down
		f.active = f.active[1:]
	}
	if last := len(f.active) - 1; last >= 0 {
		return f.active[last].kind == down
	}
	return f.settled
}
