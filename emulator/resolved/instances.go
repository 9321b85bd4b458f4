package resolved

import (
	"errors"

	"testbed/emulator/faas/instance"
	"testbed/emulator/plan"
	"testbed/emulator/replay"
	"testbed/emulator/topology"
)

// lives are those of functions' instances; nil: all are warm.
func (e *Scenario) lives() plan.Lives {
	if !e.Source.Scaled() {
		return nil
	}
	return func(function string, node topology.ID) *instance.Spec {
		return e.Source.Instances(function, int(node))
	}
}

// checkScaled refuses an arrival process that rearranges chains: which of them finds an instance warm depends on those
// before, and predictions take them in their own order.
func (e *Scenario) checkScaled() error {
	if _, rearranges := e.Arrival.(replay.Planned); rearranges && e.Source.Scaled() {
		return errors.New("functions: whether an instance is warm depends on the chains before, and with arrival: " +
			e.Source.Replay.Arrival.Kind + " these come side by side in an order of their own: " +
			"write another arrival process, such as poisson or sequential, or let instances be warm")
	}
	return nil
}
