package events

import (
	"fmt"
	"slices"

	"testbed/emulator/topology"
)

// Diff says what differs between two topologies: the queues, as in the new one, whose shape or whose
// edges' delays differ, in order, which a fabric changes while the network is up; and in words what it
// cannot change, for which the testbed has to be taken down and brought up again: nodes, links and
// edges added, removed or put in another order (addresses follow from it), another kind of node or link, and
// other hardware of a host, from which its limits and speed follow. Names of classes and the like are no difference.
func Diff(old, new *topology.Topology) (changed []topology.Channel, structural []string) {
	structural = vertices(old, new)
	if len(structural) > 0 {
		return nil, structural
	}
	touched := map[topology.Channel]bool{}
	for i := range new.Vertices {
		id := topology.ID(i)
		a, b := &old.Vertices[i], &new.Vertices[i]
		if a.Memory != b.Memory || a.CPU != b.CPU {
			structural = append(structural, fmt.Sprintf("%s %s has another memory or cpu", b.Kind, b.Name))
		}
		for dir := range queues(b) {
			if a.Shape[dir] != b.Shape[dir] {
				touched[topology.Channel{Link: id, Dir: dir}] = true
			}
		}
		if !sameEnds(old.Adjacency[i], new.Adjacency[i]) {
			structural = append(structural, edges(old, new, id)...)
			continue
		}
		for k, e := range new.Adjacency[i] {
			if e.Delay != old.Adjacency[i][k].Delay && !touch(touched, new, id, e.To) {
				structural = append(structural, fmt.Sprintf("the edge from %s to %s has another delay and is no part of a link", b.Name, new.Vertices[e.To].Name))
			}
		}
	}
	for c := range touched {
		changed = append(changed, c)
	}
	slices.SortFunc(changed, func(a, b topology.Channel) int { return 2*int(a.Link-b.Link) + a.Dir - b.Dir })
	return changed, structural
}

// queues is the number of queues that a vertex has.
func queues(v *topology.Vertex) int {
	switch {
	case v.Kind != topology.Link:
		return 0
	case v.LinkType == topology.Duplex:
		return 2
	}
	return 1
}

// vertices says which vertices were added, removed, moved, or became something else.
func vertices(old, new *topology.Topology) []string {
	var said []string
	for _, v := range old.Vertices {
		if _, ok := new.Lookup(v.Name); !ok {
			said = append(said, fmt.Sprintf("%s %s is gone", v.Kind, v.Name))
		}
	}
	for i := range new.Vertices {
		v := &new.Vertices[i]
		id, ok := old.Lookup(v.Name)
		if !ok {
			said = append(said, fmt.Sprintf("%s %s is new", v.Kind, v.Name))
			continue
		}
		if was := &old.Vertices[id]; was.Kind != v.Kind {
			said = append(said, fmt.Sprintf("%s is of kind %s now, and was %s", v.Name, v.Kind, was.Kind))
		} else if v.Kind == topology.Link && was.LinkType != v.LinkType {
			said = append(said, fmt.Sprintf("link %s is of type %s now, and was %s", v.Name, v.LinkType, was.LinkType))
		}
	}
	for i := range new.Vertices {
		if len(said) == 0 && old.Vertices[i].Name != new.Vertices[i].Name {
			said = append(said, fmt.Sprintf("nodes or links are in another order from %s on", new.Vertices[i].Name))
		}
	}
	return said
}

func sameEnds(a, b []topology.Edge) bool {
	return slices.EqualFunc(a, b, func(x, y topology.Edge) bool { return x.To == y.To })
}

// edges says how the edges that leave a vertex differ.
func edges(old, new *topology.Topology, id topology.ID) []string {
	var said []string
	leads := func(edges []topology.Edge, to topology.ID) bool {
		return slices.ContainsFunc(edges, func(e topology.Edge) bool { return e.To == to })
	}
	name := func(to topology.ID) string { return new.Vertices[to].Name }
	for _, e := range old.Adjacency[id] {
		if !leads(new.Adjacency[id], e.To) {
			said = append(said, fmt.Sprintf("the edge from %s to %s is gone", name(id), name(e.To)))
		}
	}
	for _, e := range new.Adjacency[id] {
		if !leads(old.Adjacency[id], e.To) {
			said = append(said, fmt.Sprintf("the edge from %s to %s is new", name(id), name(e.To)))
		}
	}
	if len(said) == 0 {
		said = append(said, fmt.Sprintf("the neighbours of %s are in another order", name(id)))
	}
	return said
}

// touch marks the queues whose packets pass the edge between two vertices; it says whether there are any.
func touch(touched map[topology.Channel]bool, t *topology.Topology, from, to topology.ID) bool {
	any := false
	if t.Vertices[from].Kind == topology.Link {
		// A duplex link's queue leads away from the other neighbour.
		dir := 0
		if queues(&t.Vertices[from]) == 2 && t.Adjacency[from][0].To == to {
			dir = 1
		}
		touched[topology.Channel{Link: from, Dir: dir}], any = true, true
	}
	if t.Vertices[to].Kind == topology.Link {
		touched[topology.Channel{Link: to, Dir: t.Direction(to, from)}], any = true, true
	}
	return any
}
