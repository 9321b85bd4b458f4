package run

import (
	"cmp"
	"slices"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/fabric"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/predict"
	"testbed/emulator/replay"
	"testbed/emulator/resolved"
	"testbed/emulator/topology"
)

// Setting is what predictors may know of a scenario's testbed, whose TCP is set as the orchestrator sets it, before
// calibration.
func Setting(e *resolved.Scenario) predict.Setting {
	down, _ := outages(e)
	s := predict.Setting{Topology: e.Topology, Speed: e.Speed,
		Fresh: e.Arrival.Alone(), IdleRestart: e.Source.TCP.SlowStartAfterIdle, ReceiveWindow: receiveWindow,
		IPv6:   e.Source.IP == 6,
		Bursts: userspace.BurstRate, Arrivals: arrivals(e.Arrival, len(e.Jobs)), Connections: -1,
		Linearize: e.Source.Linearize, Moves: moves(e.Moves), Outages: down, Rewirings: rewirings(e),
		Starts: e.Standby()}
	if e.Source.Replay.Warmup {
		s.Connections = e.Arrival.Connections()
	}
	s.Rebalance = rebalance(e, s)
	switch e.Source.Replay.Compute {
	case faas.Shared:
		s.Compute = predict.Shared
	case faas.Burn:
		s.Compute = predict.Whole
	}
	return s
}

// arrivals are those of an arrival process, of so many jobs. One that is no open loop counts as a closed one of as many
// users as it has chains under way.
func arrivals(a replay.Arrival, jobs int) predict.Arrivals {
	if a.Alone() {
		return predict.Arrivals{}
	}
	if open, ok := a.(replay.Timed); ok {
		return predict.Arrivals{Due: open.Due}
	}
	return predict.Arrivals{Users: a.Alive(make([]int, jobs), func(due []float64) int { return len(due) })}
}

// moves are a scenario's moves of stateful instances.
func moves(list []resolved.Move) []predict.Move {
	var all []predict.Move
	for i := range list {
		m := predict.Move{At: list[i].At, Function: list[i].Function, Client: list[i].Client, Placed: list[i].Placed,
			To: list[i].To, Small: faas.SmallRest, Drained: list[i].Drained, Targets: list[i].Targets, Until: list[i].Until}
		if list[i].Method == faas.PreCopy {
			m.Rounds = list[i].Rounds
		}
		all = append(all, m)
	}
	return all
}

// outages are the times in which hosts, the cloud among them, carry nothing, by the scenario's events, from which they
// come back; gone is since when the others do not.
func outages(e *resolved.Scenario) (all []predict.Outage, gone map[topology.ID]time.Duration) {
	gone = map[topology.ID]time.Duration{}
	hosts := e.Topology.Attached()
	for i := range e.Moments {
		m := &e.Moments[i]
		for _, node := range hosts {
			from, was := gone[node]
			switch down := slices.Contains(m.Down, node); {
			case down && !was:
				gone[node] = m.At
			case was && !down:
				all = append(all, predict.Outage{Node: node, From: from, To: m.At})
				delete(gone, node)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b predict.Outage) int { return cmp.Compare(a.From, b.From) })
	return all, gone
}

// rewirings are the instants at which the scenario's events attach hosts elsewhere.
func rewirings(e *resolved.Scenario) []predict.Rewiring {
	var all []predict.Rewiring
	var before []fabric.Move
	for i := range e.Moments {
		m := &e.Moments[i]
		if slices.Equal(before, m.Moves) {
			continue
		}
		before = m.Moves
		moved := fabric.Overlay{Moves: m.Moves}.Over(fabric.Network{Topology: e.Topology})
		all = append(all, predict.Rewiring{At: m.At, Topology: moved.Topology})
	}
	return all
}
