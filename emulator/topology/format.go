package topology

import (
	"io"

	"testbed/emulator/catalogue"
)

// Formats is the kind of the catalogue's topology formats. An entry's name is a scenario's key, with the path in its
// value.
var Formats = catalogue.NewKind[Format](catalogue.Topologies)

// Format reads topologies from files.
type Format struct {
	// Suffixes are the endings of a topology's files, which have a common prefix; a single empty one where the path is
	// that of the only file.
	Suffixes []string
	// Load reads the topology at a path. Its errors, which may be joined ones, say file and line.
	Load func(path string) (*Topology, error)
	// Write writes a topology's edge network, one file for each suffix; nil: the format is read only.
	Write func(t *Topology, files []io.Writer) error
}
