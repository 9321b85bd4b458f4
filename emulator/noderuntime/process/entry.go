package process

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/noderuntime"
)

// Name is the runtime's name.
const Name = "process"

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return noderuntime.Choices.Of(catalogue.Entry[noderuntime.Choice]{
		Description: catalogue.Description{
			Name: Name, About: "each node is a process in network, mount, pid and uts namespaces of its own",
			Trials: []catalogue.Trial{catalogue.Mounts},
			Remedy: "run testbed with sudo, outside of an unprivileged container",
		},
		Does: noderuntime.Choice{New: func(e noderuntime.Environment) noderuntime.Made {
			r := New(e.Program, nil)
			r.Dir = e.Dir
			return noderuntime.Made{Runtime: r, Supported: r.Supported}
		}},
	})
}
