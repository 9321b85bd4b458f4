package spread

import (
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/machines"
	"testbed/emulator/topology"
)

// least is the floor of the tests' partitions: on one host a wire takes less.
const least = 500 * time.Microsecond

// split puts a network on machines, cut wherever the floor allows. Where a node goes follows from its name, so that it
// stays there when others come and go.
func split(n fabric.Network, on []machines.Machine) machines.Partition {
	t := n.Topology
	p := machines.Partition{Machines: on, Of: map[string]int{}, Floor: least}
	atom := make([]int, len(t.Vertices)) // the first vertex, by its name, that is not cut from it
	for i := range atom {
		atom[i] = i
	}
	find := func(i int) int {
		for atom[i] != i {
			i = atom[i]
		}
		return i
	}
	join := func(i, j int) {
		a, b := find(i), find(j)
		if t.Vertices[b].Name < t.Vertices[a].Name {
			a, b = b, a
		}
		atom[b] = a
	}
	g := machines.NewGraph(t)
	cut := map[topology.ID]bool{}
	for i := range t.Vertices {
		cut[topology.ID(i)] = t.Vertices[i].Kind == topology.Link && t.Vertices[i].LinkType != topology.Shared
	}
	for _, c := range g.Queues {
		for _, e := range g.Exits(c) {
			if e.Queue != nil || g.Least(c, e) < least {
				cut[c.Link] = false
			}
		}
	}
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			if !cut[topology.ID(v)] && !cut[e.To] {
				join(v, int(e.To))
			}
		}
	}
	for i := range t.Vertices {
		if v := &t.Vertices[i]; v.Kind != topology.Link {
			p.Of[v.Name] = int(t.Vertices[find(i)].Name[0]) % len(on)
		}
	}
	return p
}
