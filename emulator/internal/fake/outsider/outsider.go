// Package outsider has one entry of each kind of the catalogue, as somebody would add it who does not change this
// program: for tests that what is added is found everywhere. Its runtime and its fabric are those of a machine in
// memory.
package outsider

import (
	"context"
	"slices"

	"testbed/emulator/catalogue"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/fake"
	"testbed/emulator/internal/program"
	"testbed/emulator/noderuntime"
)

// The names of the entries.
const (
	Fabric      = "wires"
	Runtime     = "cells"
	Model       = "in-transit"
	Policy      = "nth-name"
	Dispatcher  = "three-choices"
	Predictor   = "oracle"
	Arrival     = "bursts"
	Trace       = "rows"
	Workload    = "steady"
	Topology    = "pairs"
	Network     = "chords"
	Synthesizer = "star"
)

// Colour is that of the model in figures.
const Colour = "#123456"

// Section is one entry of each kind.
func Section(m *fake.Machine) catalogue.Section {
	return slices.Concat(
		fabrics(m), runtimes(m), models(), policies(), dispatchers(), predictors(), arrivals(), workloads(),
		topologies(), networks())
}

func fabrics(m *fake.Machine) catalogue.Section {
	return fabric.Choices.Of(catalogue.Entry[fabric.Choice]{
		Description: catalogue.Description{Name: Fabric, About: "wires between the nodes", Remedy: "buy wires"},
		Does: fabric.Choice{
			Supported: func(context.Context) error { return nil },
			Testbeds:  func() ([]string, error) { return m.Networks(), nil },
			New: func(_, testbed string, _ program.Program) fabric.Fabric {
				return m.Fabric(Fabric, testbed)
			},
		},
	})
}

func runtimes(m *fake.Machine) catalogue.Section {
	return noderuntime.Choices.Of(catalogue.Entry[noderuntime.Choice]{
		Description: catalogue.Description{Name: Runtime, About: "each node is in a cell", Remedy: "build cells"},
		Does: noderuntime.Choice{New: func(noderuntime.Environment) noderuntime.Made {
			return noderuntime.Made{Runtime: m.Runtime(Runtime), Supported: func(context.Context) error { return nil }}
		}},
	})
}
