package resolved

import (
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/profile"
	"testbed/emulator/replay"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// lives are those of functions' instances; nil: all are warm.
func (e *Scenario) lives() plan.Lives {
	if !e.Source.Scaled() {
		return nil
	}
	return func(function string, node topology.ID) *instance.Spec {
		spec := e.Source.Instances(function, int(node))
		if spec != nil && spec.Start == (instance.Distribution{}) {
			spec.Start = e.starts[function]
		}
		return spec
	}
}

// Standby is how long an instance of a program takes to start on the node to which a stateful instance moves, as the
// profile tells of those that are always warm.
func (e *Scenario) Standby() predict.Starts { return e.standby }

// measureStarts takes from the profile how long starts of programs take of which the scenario says nothing.
func (e *Scenario) measureStarts(of *profile.Profile) {
	e.standby = e.warmStarts(of)
	if !e.Source.Scaled() || e.Source.Profile == "" {
		return
	}
	e.starts = map[string]instance.Distribution{}
	var unknown []string
	for i := range of.Functions {
		f := &of.Functions[i]
		if one := e.Source.Function(f.Name); one == nil || !one.Program() {
			continue
		}
		switch spec := e.Source.Instances(f.Name, 0); {
		case spec == nil || spec.Start != (instance.Distribution{}):
		case f.Starts == nil:
			unknown = append(unknown, f.Name)
		default:
			e.starts[f.Name] = measured(f.Starts)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		e.Notes = append(e.Notes, fmt.Sprintf("neither the scenario nor the profile %s says how long starts of %s take: "+
			"they are predicted to take no time; add start: 300ms to their instances, or make the profile with them",
			e.Source.Profile, strings.Join(unknown, ", ")))
	}
}

// measured is the distribution of starts that a profile tells of.
func measured(of *profile.Distribution) instance.Distribution {
	median, p95 := min(of.Median, instance.MostStart), min(of.P95, instance.MostStart)
	return instance.Distribution{Median: median, P95: max(p95, median)}
}

// warmStarts are those that the profile tells of programs that are always warm.
func (e *Scenario) warmStarts(of *profile.Profile) predict.Starts {
	all := predict.Starts{}
	for i := range of.Functions {
		f := &of.Functions[i]
		one := e.Source.Function(f.Name)
		if f.Starts != nil && one != nil && one.Program() && e.Source.Instances(f.Name, 0) == nil {
			all[f.Name] = measured(f.Starts)
		}
	}
	return all
}

// checkRearranged refuses an arrival process that rearranges chains where they are not as if they were alone: which of
// them finds an instance warm, or what a dispatcher picks, depends on those before; and who executes a function is not
// known beforehand where it is picked, or moves.
func (e *Scenario) checkRearranged() error {
	if _, rearranges := e.Arrival.(replay.Planned); !rearranges {
		return nil
	}
	with := "arrival: " + e.Source.Replay.Arrival.Kind
	const other = "write another arrival process, such as poisson or sequential, or "
	if choice, err := e.dispatcher(); err == nil && !choice.Fixed {
		return e.fault("placement.dispatch", other+"dispatch: fixed", "where a worker is picked at invocation time, nobody "+
			"knows beforehand which chains share nothing, as %s needs it", with)
	}
	if i := slices.IndexFunc(e.Source.Events, func(v scenario.Event) bool {
		return v.Migrate != nil || v.Drain != nil
	}); i >= 0 {
		return e.fault(fmt.Sprintf("events[%d]", i), other+"remove the event", "where a function moves, nobody knows "+
			"beforehand which chains share nothing, as %s needs it", with)
	}
	if e.Source.Placement.Rebalance != nil {
		return e.fault("placement.rebalance", other+"remove it", "where functions move, nobody knows beforehand which chains "+
			"share nothing, as %s needs it", with)
	}
	if e.Source.Scaled() {
		return e.fault("functions", other+"let instances be warm", "whether an instance is warm depends on the chains before, "+
			"and with %s these come side by side in an order of their own", with)
	}
	return nil
}
