package network

import (
	"fmt"
	"slices"

	"testbed/emulator/internal/printable"
)

// only is the graph of some nodes, by ID, label, or the name that a label is spelled as, and of the links between them;
// no names: all of it.
func (g *Graph) only(names []string) (*Graph, error) {
	if len(names) == 0 {
		return g, nil
	}
	wanted, found := map[string]bool{}, map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	part := *g
	part.Nodes, part.Links = nil, nil
	taken := map[string]bool{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		for _, name := range []string{n.ID, n.Label, spell(n.Label), spell(n.ID)} {
			if name != "" && wanted[name] {
				found[name] = true
				if !taken[n.ID] {
					taken[n.ID] = true
					part.Nodes = append(part.Nodes, *n)
				}
			}
		}
	}
	var errs Errors
	for _, name := range names {
		if !found[name] {
			errs.Add(fmt.Errorf("there is no node %s", Shown(name)))
		}
	}
	for i := range g.Links {
		outside := func(e End) bool { return !taken[e.Node] }
		if l := &g.Links[i]; !slices.ContainsFunc(l.Ends, outside) {
			part.Links = append(part.Links, *l)
		}
	}
	part.Notes = append(slices.Clone(g.Notes), fmt.Sprintf("taken: %d of %s, and %d of %s",
		len(part.Nodes), printable.Count(len(g.Nodes), "node"), len(part.Links), printable.Count(len(g.Links), "link")))
	return &part, errs.Join()
}
