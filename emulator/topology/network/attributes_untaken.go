package network

import (
	"maps"
	"slices"
	"strings"
)

// What attributes are read of an edge and of a node, in lower case; those of edges with .down behind, too.
var (
	edgeNames = nameSet("name class source_port target_port rate linkspeedraw bw linkspeed linkspeedunits bandwidth " +
		"capacity linklabel label delay latency max_queue_size mtu " + impairments)
	downNames = nameSet("rate delay " + impairments)
	nodeNames = nameSet("label name kind class model arch memory cpu image latitude longitude lat lon lng long")
)

// impairments are what rest reads.
const impairments = "jitter loss reorder duplicate corrupt queue"

func nameSet(text string) map[string]bool { return setOf(strings.Fields(text)) }

func setOf(names []string) map[string]bool {
	all := make(map[string]bool, len(names))
	for _, name := range names {
		all[name] = true
	}
	return all
}

// untaken tells of the attributes that nobody reads, but for those of some names in lower case.
func (a Attributes) untaken(u *Untaken, of string, read func(name string) bool, but []string) {
	for _, key := range slices.Sorted(maps.Keys(a)) {
		said := a[key]
		if !slices.Contains(but, key) && (said.Other || said.Text != "" && !read(key)) {
			u.Add(of, said.Name, said.Line)
		}
	}
}

// UntakenOfLink tells of the attributes of a link that Shape does not read, but for some that the caller does.
func (a Attributes) UntakenOfLink(u *Untaken, of string, but ...string) {
	a.untaken(u, of, func(name string) bool {
		back, down := strings.CutSuffix(name, downSuffix)
		return edgeNames[name] || down && downNames[back]
	}, but)
}

// UntakenOfNode tells of the attributes of a node that nobody reads, but for some that the caller does.
func (a Attributes) UntakenOfNode(u *Untaken, of string, but ...string) {
	a.untaken(u, of, func(name string) bool { return nodeNames[name] }, but)
}

// What Untaken calls links, nodes and the file, and a graph of that which is not the first.
const (
	Links   = "links"
	Nodes   = "nodes"
	File    = "the file"
	Further = "further graph"
)

// downSuffix is behind the names of what holds for the direction back.
const downSuffix = ".down"
