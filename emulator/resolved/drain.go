package resolved

import (
	"fmt"
	"slices"
	"time"

	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// drains are the moves by which instances leave the nodes of an event before these go down: one a node.
func (e *Scenario) drains(i int, v *scenario.Event) ([]Move, error) {
	var all []Move
	for _, name := range v.Node {
		node, _ := e.Topology.Lookup(name)
		m := Move{
			At: v.Begin() - v.Drain.Within, From: -1, To: -1, Method: v.Drain.Method, Rounds: v.Drain.Rounds,
			Drained: []topology.ID{node}, Until: v.Begin(),
			Text: fmt.Sprintf("functions that keep states on %s leave it, %s", name, v.Drain.Method),
		}
		var err error
		if m.Targets, err = e.targets(node, v); err != nil {
			return nil, e.at(fmt.Sprintf("events[%d].drain", i), err)
		}
		all = append(all, m)
	}
	return all, nil
}

// targets says where the instances of each client go that leave a node.
func (e *Scenario) targets(node topology.ID, v *scenario.Event) (map[topology.ID]topology.ID, error) {
	candidates := e.refuges(node, v)
	if len(candidates) == 0 {
		return nil, fmt.Errorf("there is no host that %s's functions could go to; name one in drain.to, or raise "+
			"placement.hosts", e.Topology.Vertices[node].Name)
	}
	all := map[topology.ID]topology.ID{}
	for _, d := range e.Sample {
		client := e.Placement.Client[d.Job]
		if _, known := all[client]; !known {
			all[client] = e.nearest(client, candidates)
		}
	}
	return all, nil
}

// refuges are the hosts that may execute what leaves a node, and are not down when that goes down, in order.
func (e *Scenario) refuges(node topology.ID, v *scenario.Event) []topology.ID {
	all := e.alike(node)
	if len(v.Drain.To) > 0 {
		all = nil
		for _, name := range v.Drain.To {
			id, _ := e.Topology.Lookup(name)
			all = append(all, id)
		}
	}
	down := e.downAt(v.Begin())
	return slices.DeleteFunc(all, func(id topology.ID) bool { return id == node || slices.Contains(down, id) })
}

// Refuges are the hosts that may execute what is placed on a node, and carry something at a time, in order. One that is
// being drained is none.
func (e *Scenario) Refuges(placed topology.ID, at time.Duration) []topology.ID {
	down := slices.Clone(e.downAt(at))
	for i := range e.Moves {
		if m := &e.Moves[i]; m.At <= at && at < m.Until {
			down = append(down, m.Drained...)
		}
	}
	return slices.DeleteFunc(e.alike(placed), func(id topology.ID) bool { return slices.Contains(down, id) })
}

// alike are the hosts that may execute functions and have a node's kind of processor.
func (e *Scenario) alike(node topology.ID) []topology.ID {
	return slices.DeleteFunc(slices.Clone(e.Source.Executors(e.Topology)), func(id topology.ID) bool {
		return e.affinity(id) != e.affinity(node)
	})
}

// downAt is what carries nothing from a time on.
func (e *Scenario) downAt(at time.Duration) (down []topology.ID) {
	for i := range e.Moments {
		if e.Moments[i].At <= at {
			down = e.Moments[i].Down
		}
	}
	return down
}

// nearest is the host to which packets from a client travel the shortest; the first of several.
func (e *Scenario) nearest(client topology.ID, hosts []topology.ID) topology.ID {
	best, least := hosts[0], time.Duration(-1)
	for _, h := range hosts {
		tree := e.Topology.TreeTo(h)
		if h != client && !tree.Reaches(client) {
			continue
		}
		if _, delay := tree.Hops(nil, client); least < 0 || delay < least {
			best, least = h, delay
		}
	}
	return best
}
