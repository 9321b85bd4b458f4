package fabric

import (
	"context"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/program"
)

// Choices is the kind of the catalogue's fabrics.
var Choices = catalogue.NewKind[Choice](catalogue.Fabrics)

// Choice is a fabric that can be chosen.
type Choice struct {
	Supported func(context.Context) error // nil, or why this host cannot have it
	Testbeds  func() ([]string, error)    // that something of this fabric is there of; nil: they cannot be listed
	// New makes the fabric of a testbed, whose records are in dir. It runs p, where it runs any program.
	New func(dir, testbed string, p program.Program) Fabric
	// Crosses says that it carries packets from one machine to another, where several carry a testbed.
	Crosses bool
	// Traces says that it carries links that follow traces exactly; others carry steps of their rates.
	Traces bool
}
