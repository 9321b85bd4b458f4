package machines

import (
	"errors"
	"fmt"

	"testbed/emulator/topology"
)

// Owners says, for one topology, on which machine each node is and which machine owns each queue. It is computed once,
// by Partition.Owners, and not changed afterwards.
type Owners struct {
	vertices []int    // by topology.ID: the node's machine; of a link -1
	queues   [][2]int // by topology.ID of a link: the owners of its queues
}

// Vertex is the machine that a node (no link) is on, an index into Partition.Machines.
func (o *Owners) Vertex(id topology.ID) int { return o.vertices[id] }

// Queue is the machine that owns a queue: the one on which packets enter it.
func (o *Owners) Queue(c topology.Channel) int { return o.queues[c.Link][c.Dir] }

// Owners works out who owns what. It fails where a node has no machine, a queue is entered on more than one, or a
// shared medium leads to a machine that is not its own.
func (p *Partition) Owners(t *topology.Topology) (*Owners, error) {
	o := &Owners{vertices: make([]int, len(t.Vertices)), queues: make([][2]int, len(t.Vertices))}
	var errs []error
	for i := range t.Vertices {
		o.vertices[i] = -1
		if t.Vertices[i].Kind == topology.Link {
			continue
		}
		of, known := p.Of[t.Vertices[i].Name]
		if !known || of < 0 || of >= len(p.Machines) {
			errs = append(errs, fmt.Errorf("%s has no machine", t.Vertices[i].Name))
			continue
		}
		o.vertices[i] = of
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	g := NewGraph(t)
	for _, c := range g.Queues {
		nodes := g.Tails(c)
		for i, node := range nodes {
			if of := o.vertices[node]; i == 0 {
				o.queues[c.Link][c.Dir] = of
			} else if of != o.queues[c.Link][c.Dir] {
				errs = append(errs, fmt.Errorf("%s is entered from %s and from %s, which are on different machines",
					t.Vertices[c.Link].Name, t.Vertices[nodes[0]].Name, t.Vertices[node].Name))
				break
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return o, o.checkMedia(t, g)
}

// checkMedia holds that nobody on a shared medium is on another machine than the medium.
func (o *Owners) checkMedia(t *topology.Topology, g *Graph) error {
	var errs []error
	for _, c := range g.Queues {
		if t.Vertices[c.Link].LinkType != topology.Shared {
			continue
		}
		for _, e := range g.Exits(c) {
			if o.at(e) != o.Queue(c) {
				errs = append(errs, fmt.Errorf("the shared medium %s and %s on it are on different machines",
					t.Vertices[c.Link].Name, t.Vertices[e.To].Name))
			}
		}
	}
	return errors.Join(errs...)
}

// at is the machine on which a packet is that has taken an exit.
func (o *Owners) at(e Exit) int {
	if e.Queue != nil {
		return o.Queue(*e.Queue)
	}
	return o.Vertex(e.To)
}
