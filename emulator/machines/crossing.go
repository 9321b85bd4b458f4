package machines

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Crossing is one direction of a link, or of an edge without a link, whose ends are on different machines.
type Crossing struct {
	Link string `json:"link"` // empty: an edge between two nodes, which has no queue
	Dir  int    `json:"dir"`  // of the link's queue, as in topology.Channel
	// From names the nodes or links that packets come from, comma separated, and To the one that they go to.
	From        string        `json:"from"`
	To          string        `json:"to"`
	FromMachine int           `json:"from_machine"` // index into Partition.Machines
	ToMachine   int           `json:"to_machine"`
	Delay       time.Duration `json:"delay_ns"` // the least that a packet takes from the queue's head to To
	Rate        units.BitRate `json:"rate_bps"` // 0: not limited
}

// name is how messages call it.
func (c *Crossing) name() string {
	if c.Link != "" {
		return c.Link
	}
	return c.From + "-" + c.To
}

// Crossings lists where packets go from one machine to another: links in the topology's order, then edges without one.
func (o *Owners) Crossings(t *topology.Topology) []Crossing {
	g := NewGraph(t)
	var all []Crossing
	for _, c := range g.Queues {
		link := &t.Vertices[c.Link]
		for _, e := range g.Exits(c) {
			if o.Queue(c) == o.at(e) {
				continue
			}
			var from []string
			for _, entry := range g.Entries(c) {
				if entry.To != e.To {
					from = append(from, t.Vertices[entry.To].Name)
				}
			}
			all = append(all, Crossing{
				Link: link.Name, Dir: c.Dir, From: strings.Join(from, ","), To: t.Vertices[e.To].Name,
				FromMachine: o.Queue(c), ToMachine: o.at(e), Delay: g.Least(c, e), Rate: link.Shape[c.Dir].Rate,
			})
		}
	}
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			link := t.Vertices[v].Kind == topology.Link || t.Vertices[e.To].Kind == topology.Link
			if link || o.vertices[v] == o.vertices[e.To] {
				continue
			}
			all = append(all, Crossing{
				From: t.Vertices[v].Name, To: t.Vertices[e.To].Name,
				FromMachine: o.vertices[v], ToMachine: o.vertices[e.To], Delay: e.Delay,
			})
		}
	}
	return all
}

// Segments says, of each link, whether it is part of a segment of which no other machine may carry a part, where hosts
// ask for hardware addresses: whatever they send goes through all of it. Only links between two exchanges are none.
func Segments(t *topology.Topology) (part []bool) {
	g := NewGraph(t)
	part = make([]bool, len(t.Vertices))
	inner := func(id topology.ID) bool { return t.Vertices[id].Kind != topology.Exchange }
	for _, c := range g.Queues {
		for _, e := range t.Adjacency[c.Link] {
			part[c.Link] = part[c.Link] || inner(e.To)
		}
		for _, e := range g.incoming[c.Link] {
			part[c.Link] = part[c.Link] || inner(e.To)
		}
	}
	return part
}

// CheckSegments reports the segments that are split, in a network whose hosts ask for hardware addresses.
func (p *Partition) CheckSegments(t *topology.Topology, o *Owners) error {
	var errs []error
	names, segments := Names(p.Machines), Segments(t)
	for _, c := range o.Crossings(t) {
		from, _ := t.Lookup(c.From)
		to, _ := t.Lookup(c.To)
		split := t.Vertices[from].Kind != topology.Exchange || t.Vertices[to].Kind != topology.Exchange
		if id, ok := t.Lookup(c.Link); ok && c.Link != "" {
			split = segments[id]
		}
		if split {
			errs = append(errs, fmt.Errorf("%s: hosts ask for hardware addresses (neighbours: arp), so that machines %s and %s "+
				"cannot share a segment: only links between exchanges are cut", c.name(), names[c.FromMachine],
				names[c.ToMachine]))
		}
	}
	return errors.Join(errs...)
}
