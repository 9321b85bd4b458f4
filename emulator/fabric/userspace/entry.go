package userspace

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/program"
)

// Name is the fabric's name.
const Name = "userspace"

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return fabric.Choices.Of(catalogue.Entry[fabric.Choice]{
		Description: catalogue.Description{
			Name: Name, About: "one process carries the packets between the hosts' TAP devices", Remedy: "modprobe tun",
			Trials: []catalogue.Trial{catalogue.TAP},
		},
		Does: fabric.Choice{
			Supported: Supported, Testbeds: Testbeds, Crosses: true, Traces: true,
			New: func(dir, testbed string, p program.Program) fabric.Fabric {
				return New(dir, testbed, p, Command)
			},
		},
	})
}
