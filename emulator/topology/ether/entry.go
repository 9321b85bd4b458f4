package ether

import (
	"io"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return topology.Formats.Of(catalogue.Entry[topology.Format]{
		Description: catalogue.Description{
			Name: "ether", About: "Path prefix, relative to this file, of a topology in ether's text format: PREFIX.nodes, " +
				"PREFIX.links and PREFIX.edges",
		},
		Does: topology.Format{Suffixes: Suffixes, Load: Load, Write: func(t *topology.Topology, files []io.Writer) error {
			return Write(t, files[0], files[1], files[2])
		}},
	})
}
