package resolved

import (
	"errors"
	"fmt"
	"slices"

	"testbed/emulator/events"
	"testbed/emulator/plan"
	"testbed/emulator/scenario"
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
func (e *Scenario) faultsOf(err error) error {
	all := scenario.Errors{}
	var one *events.Fault
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range many.Unwrap() {
			if each, ok := e.faultsOf(err).(scenario.Errors); ok {
				all = append(all, each...)
			}
		}
	} else if errors.As(err, &one) {
		all = e.Source.Fault(one.Path, one.Remedy, one.Err)
	} else {
		all = e.Source.Fault("events", "", err)
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
