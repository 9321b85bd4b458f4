package resolved

import (
	"errors"
	"fmt"
	"slices"

	"testbed/emulator/events"
	"testbed/emulator/plan"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

// fault is what is wrong with the value at a path of the scenario.
func (e *Scenario) fault(path, remedy, format string, args ...any) error {
	return e.Source.Fault(path, remedy, fmt.Errorf(format, args...))
}

// at is the error of a value; nil of none.
func (e *Scenario) at(path string, err error) error {
	if placed := (scenario.Errors{}); err == nil || errors.As(err, &placed) {
		return err
	}
	return e.Source.Fault(path, "", err)
}

// faultsOf says where the events stand with which something is wrong.
func (e *Scenario) faultsOf(err error) scenario.Errors {
	all := scenario.Errors{}
	for _, err := range scenario.Flatten(err) {
		one := &events.Fault{Path: "events", Err: err}
		_ = errors.As(err, &one)
		all = append(all, e.Source.Fault(one.Path, one.Remedy, one.Err)...)
	}
	return all
}

// modelPath is where the scenario names a model.
func (e *Scenario) modelPath(m plan.Model) string {
	if i := slices.Index(e.Source.Models, string(m)); i >= 0 {
		return fmt.Sprintf("models[%d]", i)
	}
	return "models"
}

// nodePath is where the scenario has a node.
func nodePath(v *topology.Vertex) string { return "topology.nodes." + v.Name }
