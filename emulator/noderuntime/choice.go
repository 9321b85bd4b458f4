package noderuntime

import (
	"context"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/program"
)

// Choices is the kind of the catalogue's runtimes.
var Choices = catalogue.NewKind[Choice](catalogue.Runtimes)

// Choice is a runtime that can be chosen.
type Choice struct {
	New func(Environment) Made
}

// Environment is what a host gives to a runtime.
type Environment struct {
	Program program.Program                    // what nodes run
	Dir     func(testbed, node string) string  // where a node keeps its files
	Secrets func(testbed, run string) []Secret // of a testbed on this host, which signed its nodes
	Key     func() Secret                      // of this host, which signed its images
}

// Made is a runtime with what only some have; those functions may be nil.
type Made struct {
	Runtime
	Supported func(context.Context) error // nil, or why this host cannot have it
	Endpoint  func() string               // address of the engine that is used
	EngineID  func(context.Context) (string, error)
	For       func(ctx context.Context, endpoint, id string) (Made, error)
	Foreign   func(ctx context.Context, testbed string, nodes []Node) ([]string, error)
	Seize     func(ctx context.Context, testbed string) error           // removes what looks like its nodes, unproved
	Prune     func(context.Context) (removed, left []string, err error) // removes images that nothing uses
	// BoundDir bounds what the directory of a node that runs an image of the user's own may hold, and UnboundDirs removes
	// that of all below a directory; nil: whoever starts the nodes does.
	BoundDir    func(ctx context.Context, dir string) error
	UnboundDirs func(ctx context.Context, below string) error
}
