// Package ether reads and writes topologies in the text format of ether, the edge topology synthesizer
// (Rausch et al., "Synthesizing Plausible Infrastructure Configurations for Evaluating Edge Computing
// Systems", HotEdge 2020): three files of a common prefix, .nodes, .links and .edges.
package ether

import (
	"errors"
	"fmt"
	"os"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/topology"
)

// MaxSize is the most bytes of a file that are read.
const MaxSize = 64 * readfile.MiB

// Suffixes are the endings of the files of a topology.
var Suffixes = []string{".nodes", ".links", ".edges"}

// Load reads PREFIX.nodes, PREFIX.links and PREFIX.edges. All errors are reported, each with file and line.
func Load(prefix string) (*topology.Topology, error) {
	var files [3]*os.File
	var errs []error
	for i, suffix := range Suffixes {
		f, err := readfile.Open(prefix+suffix, MaxSize)
		if err != nil {
			errs = append(errs, fmt.Errorf(
				"%w; an ether topology is the three files PREFIX.nodes, PREFIX.links and PREFIX.edges", err))
			continue
		}
		defer func() { _ = f.Close() }() // read only: nothing is lost
		files[i] = f
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return Parse(files[0], files[1], files[2], prefix)
}
