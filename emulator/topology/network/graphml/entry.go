package graphml

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/topology/network"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return network.Formats.Of(catalogue.Entry[network.Format]{
		Description: catalogue.Description{
			Name: "graphml", About: "GraphML, with the attributes of the Internet Topology Zoo, of Mininet or of this program",
			Brief: "GraphML",
		},
		Does: network.Format{Detect: Detect, Parse: Parse, Write: Write},
	})
}
