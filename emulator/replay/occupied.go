package replay

import (
	"sync"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// Resource is what a chain needs for itself in order to be as if it were alone: a queue, or a node.
type Resource struct {
	Queue topology.Channel // where Node is -1
	Node  topology.ID      // that begins the chain, or executes functions; -1: it is a queue
}

// Occupation returns a function that lists what a plan's chain occupies, each once: the queues that its transfers go
// through, in both directions, for ACKs and requests travel against the data; each node that executes one of its
// functions, for its processor, and the client, for connections and memory. A queue without a rate and without jitter
// delays each packet by itself, so that nobody waits in it, and is none. A repository is none either: it serves all
// that ask at once, each chain has states of its own, and what may be waited for is on the ways to it. The function may
// be called by several goroutines.
func Occupation(t *topology.Topology) func(*plan.Plan) []Resource {
	var mu sync.Mutex
	ways := map[[2]topology.ID][]Resource{}
	trees := map[topology.ID]*topology.Tree{}
	return func(p *plan.Plan) []Resource {
		mu.Lock()
		defer mu.Unlock()
		all := []Resource{{Node: p.Client}}
		known := map[Resource]bool{all[0]: true}
		add := func(list []Resource) {
			for _, r := range list {
				if !known[r] {
					known[r] = true
					all = append(all, r)
				}
			}
		}
		for i := range p.Steps {
			switch s := &p.Steps[i]; {
			case s.Kind == plan.Compute:
				add([]Resource{{Node: s.From}})
			default:
				for _, way := range s.Ways() {
					if way.From != way.To {
						add(queuesOf(t, trees, ways, way.From, way.To))
						add(queuesOf(t, trees, ways, way.To, way.From))
					}
				}
			}
		}
		return all
	}
}

// queuesOf are the queues on a way in which packets may wait for one another.
func queuesOf(t *topology.Topology, trees map[topology.ID]*topology.Tree, known map[[2]topology.ID][]Resource,
	from, to topology.ID,
) []Resource {
	if found, ok := known[[2]topology.ID{from, to}]; ok {
		return found
	}
	if trees[to] == nil {
		trees[to] = t.TreeTo(to)
	}
	var queues []Resource
	hops, _ := trees[to].Hops(nil, from)
	for _, hop := range hops {
		if shape := &t.Vertices[hop.Link].Shape[hop.Dir]; shape.Rate > 0 || shape.Jitter > 0 {
			queues = append(queues, Resource{Queue: hop.Channel, Node: -1})
		}
	}
	known[[2]topology.ID{from, to}] = queues
	return queues
}
