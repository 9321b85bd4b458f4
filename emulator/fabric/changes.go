package fabric

import (
	"fmt"
	"time"

	"testbed/emulator/topology"
)

// Changes are what one network wants otherwise than another: the Differences of their queues, and then the delays of
// edges, which no fabric's Inspect tells apart. The delay of an edge belongs to the queues whose packets pass it; where
// no link is at either end, the difference names the two vertices in place of a link and who uses it.
func Changes(now, was Network) []Difference {
	all := Differences(Wanted(now), Wanted(was))
	if now.Topology == nil || was.Topology == nil {
		return all
	}
	before := edgeDelays(was.Topology)
	for i, edges := range now.Topology.Adjacency {
		for _, e := range edges {
			from := topology.ID(i)
			had, known := before[edgeOf(now.Topology, from, e.To)]
			if known && had != e.Delay {
				all = append(all, edgeChanges(now.Topology, from, e, had)...)
			}
		}
	}
	return all
}

// named is an edge by its vertices' names: two topologies may have them in another order.
type named struct{ from, to string }

func edgeOf(t *topology.Topology, from, to topology.ID) named {
	return named{t.Vertices[from].Name, t.Vertices[to].Name}
}

func edgeDelays(t *topology.Topology) map[named]time.Duration {
	all := map[named]time.Duration{}
	for from, edges := range t.Adjacency {
		for _, e := range edges {
			all[edgeOf(t, topology.ID(from), e.To)] = e.Delay
		}
	}
	return all
}

// edgeChanges is the change of an edge's delay, which was had, for each queue that it belongs to.
func edgeChanges(t *topology.Topology, from topology.ID, e topology.Edge, had time.Duration) []Difference {
	name := edgeOf(t, from, e.To)
	property := fmt.Sprintf("delay from %s to %s", name.from, name.to)
	want, have := e.Delay.String(), had.String()
	var all []Difference
	for _, c := range passing(t, from, e.To) {
		all = append(all, Difference{t.Vertices[c.Link].Name, c.Dir, Users(t, c), property, want, have})
	}
	if len(all) == 0 {
		all = append(all, Difference{name.to, 0, name.from, property, want, have})
	}
	return all
}

// passing are the queues whose packets pass the edge between two vertices.
func passing(t *topology.Topology, from, to topology.ID) []topology.Channel {
	var queues []topology.Channel
	if v := &t.Vertices[from]; v.Kind == topology.Link {
		// What leaves a duplex link joined the queue of the other neighbour.
		dir := 0
		if v.LinkType == topology.Duplex && t.Adjacency[from][0].To == to {
			dir = 1
		}
		queues = append(queues, topology.Channel{Link: from, Dir: dir})
	}
	if t.Vertices[to].Kind == topology.Link {
		queues = append(queues, topology.Channel{Link: to, Dir: t.Direction(to, from)})
	}
	return queues
}
