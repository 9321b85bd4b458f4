package netem

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/program"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return fabric.Choices.Of(catalogue.Entry[fabric.Choice]{
		Description: catalogue.Description{
			Name: Name, About: "links are in the kernel, hop by hop: veth pairs and netem",
			Trials: []catalogue.Trial{catalogue.Veth},
			Remedy: "modprobe -a sch_netem ifb veth; Debian's cloud kernel has them: apt-get install linux-image-cloud-amd64",
		},
		Does: fabric.Choice{Supported: Supported, New: func(dir, testbed string, _ program.Program) fabric.Fabric {
			return New(dir, testbed)
		}},
	})
}
