// Package network reads the files in which other tools keep networks, and makes topologies of them.
//
// A file is read in two steps. A format of the catalogue (Formats; one package each, below this one) gives a Graph:
// what the file says, with the lines that say it. Graph.Resolve makes a Network of it by the user's Options: names that
// hosts can have, hosts attached by rule, what is missing put in where a default is given. Nothing is invented: what is
// not in the file is derived by a rule that is stated beside it (Link.Notes), stands in by the user's own word, or is
// an error with its line.
package network

import (
	"errors"
	"fmt"
	"slices"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Bounds of a network: a scenario has no more nodes and links.
const (
	MaxNodes = 5000
	MaxLinks = 20_000
)

// Graph is a network as a file has it.
type Graph struct {
	Name  string // of the network, in the file; may be empty
	Nodes []Node
	Links []Link
	Notes []string // what was left out of the file, for the user

	// Unshaped says that the format means a link without a rate to have no limit, and one without a delay to have none.
	// Otherwise what is not given is missing.
	Unshaped bool
	// Measured says that all nodes are hosts, and links half of the round-trip times that were measured between them.
	Measured bool
}

// Node is a node of a file.
type Node struct {
	ID    string // by which links name it
	Label string // what people call it; empty: the ID
	Line  int    // from 1
	Kind  topology.Kind
	Class string
	Image string    // a container image that hosts run; empty: none
	Place *Position // nil: not known

	Memory units.ByteSize // of hosts; 0: not given
	CPU    int64          // thousandths of a core; 0: not given
	Model  string
	Arch   string
}

// Position is a place on the earth, in degrees.
type Position struct {
	Latitude  float64 // in [-90, 90]
	Longitude float64 // in [-180, 180]
}

// Link is a link of a file.
type Link struct {
	Name  string // empty: it has none
	Line  int    // from 1
	Type  topology.LinkType
	Class string
	Ends  []End    // two, or of a shared medium any number from two
	Shape [2]Shape // from the first end, and back to it; of one queue the first alone
	Notes []string // what was derived, and how
}

// End is where a link ends.
type End struct {
	Node string // its ID
	Port string // name of the interface; empty: not given
}

// Shape is what is known of one direction of a link.
type Shape struct {
	topology.Shape

	// What the file states, be it zero: no default takes its place.
	HasRate, HasDelay, HasJitter, HasLoss, HasReorder, HasDuplicate, HasCorrupt, HasQueue, HasMTU bool

	Doubt, DelayDoubt string           // why rate and delay are missing though something is said of them
	Range             [2]units.BitRate // the least and the largest rate, where the file states a range
}

// Both gives both directions the same.
func (l *Link) Both(s Shape) { l.Shape = [2]Shape{s, s} }

// Failf is an error about a line of the file, which the caller names.
func Failf(line int, format string, args ...any) error {
	return &LineError{line, fmt.Errorf(format, args...)}
}

// LineError is an error about a line of a file.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// check finds what keeps a graph from being one: too much of it, nodes without an ID or of the same, ends that are not
// there.
func (g *Graph) check() error {
	switch {
	case len(g.Nodes) == 0:
		return errors.New("there is no node")
	case len(g.Nodes) > MaxNodes:
		return Failf(g.Nodes[MaxNodes].Line, "there are %d nodes, and a scenario has %d at most", len(g.Nodes), MaxNodes)
	case len(g.Links) > MaxLinks:
		return Failf(g.Links[MaxLinks].Line, "there are %d links, and a scenario has %d at most", len(g.Links), MaxLinks)
	}
	var errs Errors
	lines := make(map[string]int, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if first, twice := lines[n.ID]; twice {
			errs.Add(Failf(n.Line, "the node %s is given twice, in line %d first", Shown(n.ID), first))
			continue
		}
		lines[n.ID] = n.Line
	}
	for i := range g.Links {
		l := &g.Links[i]
		if len(l.Ends) < 2 || len(l.Ends) > 2 && l.Type != topology.Shared {
			errs.Add(Failf(l.Line, "a link has two ends, and this one %d", len(l.Ends)))
		}
		for _, e := range l.Ends {
			if _, there := lines[e.Node]; !there {
				errs.Add(Failf(l.Line, "there is no node %s", Shown(e.Node)))
			}
		}
	}
	return errs.Join()
}

// Errors collects errors, as many as are worth saying.
type Errors []error

// maxErrors is how many are said: the rest would say the same.
const maxErrors = 20

// Add appends an error, or says once that there are more.
func (e *Errors) Add(err error) {
	switch {
	case err == nil || len(*e) > maxErrors:
	case len(*e) == maxErrors:
		*e = append(*e, errors.New("and more of the kind"))
	default:
		*e = append(*e, err)
	}
}

// Join is one error of them all; nil: there is none.
func (e *Errors) Join() error { return errors.Join(slices.Clone(*e)...) }

// Shown is a text of a file in quotes, cut where it is too long for a message.
func Shown(text string) string { return fmt.Sprintf("%.60q", text) }
