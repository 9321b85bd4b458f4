package plan

import "testbed/emulator/topology"

// Majority is how many of a state's replicas have to answer.
func Majority(replicas int) int { return replicas/2 + 1 }

// Ways are the transfers that a step consists of, side by side: itself or, of a state with replicas, those from a
// majority of them for a read, and those to all for a write, of which a majority is waited for.
func (s *Step) Ways() []Step {
	if len(s.Replicas) == 0 {
		return []Step{*s}
	}
	replicas := s.Replicas
	if s.Role == Read {
		replicas = replicas[:Majority(len(replicas))]
	}
	ways := make([]Step, len(replicas))
	for i, at := range replicas {
		ways[i] = *s
		ways[i].Replicas = nil
		if s.Role == Read {
			ways[i].From = at
		} else {
			ways[i].To = at
		}
	}
	return ways
}

// Keepers are the nodes that keep the value of a state: one, or each of its replicas.
func (a *Access) Keepers() []topology.ID {
	if len(a.Replicas) > 0 {
		return a.Replicas
	}
	return []topology.ID{a.Node}
}
