package network

import (
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Options are the user's word on what a file does not say.
type Options struct {
	Defaults   [2]Shape    // of each direction: what is given stands in where the file gives nothing
	Stretch    float64     // length of a cable for one of the great circle between its ends, from 1 on; 0: 1
	Ranges     Ranges      // what becomes of a rate of which the file has a range
	Only       []string    // names, labels or IDs of the nodes that are taken, with the links between them; nil: all
	Component  Component   // which part of a network that hangs together in several
	Unmeasured Unmeasured  // what becomes of hosts of measurements between which nothing was measured
	Images     bool        // hosts run the images that the file names
	Hosts      *Attachment // hosts that are attached to nodes; nil: none
	Servers    *Attachment // servers that are attached to nodes, after the hosts; nil: none
}

// Ranges says what becomes of a rate of which the file has a range.
type Ranges string

// What becomes of a range.
const (
	RangesMissing Ranges = "missing" // the link has no rate
	RangesLow     Ranges = "low"     // its least rate
	RangesHigh    Ranges = "high"    // its largest rate
)

// Component says which part is taken of a network that has several without a link between them.
type Component string

// The parts of a network.
const (
	AllComponents    Component = "all"
	LargestComponent Component = "largest" // with the most nodes; of equals the first
)

// Attachment is a rule by which hosts are attached to nodes that forward.
type Attachment struct {
	PerNode int      // hosts a node, from 1 on
	At      []string // names, labels or IDs of the nodes; nil: all that forward
	Class   string
	Model   string // empty: the class
	Arch    string
	Memory  units.ByteSize
	CPU     int64             // thousandths of a core
	Access  [2]topology.Shape // of the link from each host to its node, and back
}

// most is the largest number of hosts a node.
const most = 1000

// stretch is the factor on great circles.
func (o *Options) stretch() float64 {
	if o.Stretch == 0 {
		return 1
	}
	return o.Stretch
}
