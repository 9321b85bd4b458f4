package resolved

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// Move is a stateful instance's planned move to another worker, by an event of the scenario, or that of all instances
// that are on a node, which goes down then (Drained).
type Move struct {
	At       time.Duration // from the start of a model's chains
	Function string
	Client   topology.ID
	From     topology.ID // where it is placed; -1: wherever
	To       topology.ID
	Placed   []topology.ID // where it is placed, of From
	Method   string
	Rounds   int
	Text     string // what happens, in words

	Drained []topology.ID               // the node that all instances leave; nil: it is Function's of Client that move
	Targets map[topology.ID]topology.ID // of those, by client, where they go
	Until   time.Duration               // when the node goes down: what has not moved by then stays
}

// moves works the scenario's moves out, in the order of time. It fails where no model keeps states in workers, or a
// client has nobody execute the function.
func (e *Scenario) moves(list []scenario.Event) ([]Move, error) {
	var all []Move
	for i := range list {
		m := list[i].Migrate
		movable := slices.ContainsFunc(e.Models, e.Movable)
		if list[i].Drain != nil && movable {
			drains, err := e.drains(i, &list[i])
			if err != nil {
				return nil, err
			}
			all = append(all, drains...)
		} else if list[i].Drain != nil {
			e.Notes = append(e.Notes, fmt.Sprintf("events[%d].drain: none of the models keeps states in workers, with which "+
				"functions could leave: nothing moves before the node goes down", i))
		}
		if m == nil {
			continue
		}
		if !movable {
			return nil, e.fault(fmt.Sprintf("events[%d].migrate", i), "add "+string(plan.InFunction)+" to models, or remove "+
				"the event", "a function moves with the states that its worker keeps, and none of the models keeps them there")
		}
		move := Move{
			At: list[i].Begin(), Function: m.Function, From: -1, Method: m.Method, Rounds: m.Rounds,
			Text: fmt.Sprintf("function %s of %s moves to %s, %s", m.Function, m.Client, m.To, m.Method),
		}
		move.Client, _ = e.Topology.Lookup(m.Client)
		move.To, _ = e.Topology.Lookup(m.To)
		if m.From != "" {
			move.From, _ = e.Topology.Lookup(m.From)
		}
		if err := e.checkMove(&move, fmt.Sprintf("events[%d].migrate.", i)); err != nil {
			return nil, err
		}
		all = append(all, move)
	}
	if e.Source.Placement.Rebalance != nil && !slices.ContainsFunc(e.Models, e.Movable) {
		e.Notes = append(e.Notes, "placement.rebalance: none of the models keeps states in workers, with which functions "+
			"could move: nothing does")
	}
	slices.SortStableFunc(all, func(a, b Move) int { return int(a.At - b.At) })
	return all, nil
}

// Movable says whether a model keeps states in workers, with which functions could move.
func (e *Scenario) Movable(m plan.Model) bool {
	rule, err := e.rule(m)
	if err != nil || rule.Locate == nil || rule.Chained != nil {
		return false
	}
	location, _ := rule.Locate(0, 1, e.Sites)
	return location == plan.Local
}

// checkMove says why there is nothing that could move.
func (e *Scenario) checkMove(m *Move, path string) error {
	name := func(id topology.ID) string { return e.Topology.Vertices[id].Name }
	functions, nodes := map[string]bool{}, map[string]bool{}
	for _, d := range e.Sample {
		if e.Placement.Client[d.Job] != m.Client {
			continue
		}
		for task, t := range e.Jobs[d.Job].Tasks {
			if len(t.States) == 0 {
				continue
			}
			functions[t.Function] = true
			if node := e.Placement.Node[d.Job][task]; t.Function == m.Function {
				nodes[name(node)] = true
				if (m.From < 0 || m.From == node) && !slices.Contains(m.Placed, node) {
					m.Placed = append(m.Placed, node)
				}
			}
		}
	}
	switch {
	case len(m.Placed) > 0:
		return nil
	case len(functions) == 0:
		return e.fault(path+"client", "name the client of a job that is replayed and has a state",
			"no function with a state is executed for %s", name(m.Client))
	case !functions[m.Function]:
		return e.fault(path+"function", "write one of "+listed(functions), "%s has no function %q with a state",
			name(m.Client), m.Function)
	}
	return e.fault(path+"from", "write one of "+listed(nodes), "function %s of %s is not placed on %s", m.Function,
		name(m.Client), name(m.From))
}

// listed are names in order, ten at most.
func listed(names map[string]bool) string {
	const most = 10
	var all []string
	for n := range names {
		all = append(all, n)
	}
	slices.Sort(all)
	if len(all) > most {
		all = append(all[:most], "...")
	}
	return strings.Join(all, ", ")
}
