package topology

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Validate reports everything that keeps the topology from being a working network, one error a problem:
// names that cannot be used (see CheckNames) or are given twice, edges that lead nowhere, negative or impossible
// shapes, duplex links without exactly two neighbours, links that are dead ends, and hosts that cannot reach one
// another. It changes nothing and returns an empty list for a sound topology.
func (t *Topology) Validate() []error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(t.Adjacency) != len(t.Vertices) {
		report("the adjacency has %d entries for %d vertices", len(t.Adjacency), len(t.Vertices))
		return errs
	}
	for _, err := range t.CheckNames() {
		errs = append(errs, err)
	}
	for i := range t.Vertices {
		v := &t.Vertices[i]
		if v.Memory < 0 || v.CPU < 0 {
			report("%s: memory and cpu must not be negative", v.Name)
		}
	}
	sound := true
	for i := range t.Vertices {
		sound = t.validateEdges(ID(i), report) && sound
	}
	if !sound {
		return errs // the rest follows edges
	}
	incoming := t.reverse()
	for _, id := range t.Links() {
		t.validateLink(id, incoming[id], report)
	}
	if len(t.Hosts()) == 0 {
		errs = append(errs, ErrNoHosts)
	}
	return append(errs, t.disconnected()...)
}

func (t *Topology) validateEdges(id ID, report func(string, ...any)) bool {
	v, ok := &t.Vertices[id], true
	seen := map[ID]bool{}
	for _, e := range t.Adjacency[id] {
		if e.To < 0 || int(e.To) >= len(t.Vertices) {
			report("%s: an edge leads to vertex %d, which does not exist", v.Name, e.To)
			ok = false
			continue
		}
		to := t.Vertices[e.To].Name
		switch {
		case e.To == id:
			report("%s: an edge leads from the vertex to itself; remove it", v.Name)
		case seen[e.To]:
			report("%s: the edge to %s is given twice", v.Name, to)
		case e.Delay < 0:
			report("%s: the delay of the edge to %s is negative", v.Name, to)
		}
		seen[e.To] = true
	}
	return ok
}

func (t *Topology) validateLink(id ID, incoming []Edge, report func(string, ...any)) {
	v, out := &t.Vertices[id], t.Adjacency[id]
	if int(v.LinkType) >= len(linkTypes) {
		report("link %s: there is no link type %d", v.Name, v.LinkType)
		return
	}
	queues := 1
	switch v.LinkType {
	case Duplex:
		queues = 2
		if len(out) != 2 || len(incoming) != 2 || !symmetric(out, incoming) {
			report("link %s: a duplex link needs exactly two neighbours, both ways; it leads to %s and is entered from %s",
				v.Name, t.names(out), t.names(incoming))
		}
	case Shared:
		if len(out) < 2 {
			report("link %s: a shared medium needs at least two neighbours; it has %s", v.Name, t.names(out))
		}
	default:
		if len(out) == 0 || len(incoming) == 0 {
			report("link %s: packets must be able to enter and leave it; it is entered from %s and leads to %s",
				v.Name, t.names(incoming), t.names(out))
		}
	}
	for _, s := range v.Shape[:queues] {
		if err := s.validate(); err != nil {
			report("link %s: %w", v.Name, err)
		}
	}
}

func (s Shape) validate() error {
	var errs []error
	if s.Rate < 0 {
		errs = append(errs, errors.New("its rate must not be negative; write 0 for no limit"))
	}
	if s.Delay < 0 {
		errs = append(errs, errors.New("its delay must not be negative"))
	}
	if s.Jitter < 0 {
		errs = append(errs, errors.New("its jitter must not be negative"))
	}
	for _, share := range []struct {
		name  string
		value float64
	}{{"loss", s.Loss}, {"reorder", s.Reorder}, {"duplicate", s.Duplicate}, {"corrupt", s.Corrupt}} {
		if !(share.value >= 0 && share.value <= 1) {
			errs = append(errs, fmt.Errorf("its %s of %v is not a probability in [0,1]", share.name, share.value))
		}
	}
	if s.MTU != 0 && (s.MTU < MinimumMTU || s.MTU > MaximumMTU) {
		errs = append(errs, fmt.Errorf("its mtu of %d is not from %d to %d", s.MTU, MinimumMTU, MaximumMTU))
	}
	if s.Queue < 0 {
		errs = append(errs, errors.New("its queue must not be negative; write 0 for one derived from the paths"))
	}
	return errors.Join(errs...)
}

// symmetric says whether every neighbour that a vertex leads to leads back to it.
func symmetric(out, incoming []Edge) bool {
	return !slices.ContainsFunc(out, func(e Edge) bool {
		return !slices.ContainsFunc(incoming, func(back Edge) bool { return back.To == e.To })
	})
}

func (t *Topology) names(edges []Edge) string {
	if len(edges) == 0 {
		return "nothing"
	}
	names := make([]string, len(edges))
	for i, e := range edges {
		names[i] = t.Vertices[e.To].Name
	}
	return abbreviate(names)
}

// disconnected names, in one error a direction, the hosts (and the cloud) that have no path to or from
// the first one.
func (t *Topology) disconnected() []error {
	ends := t.Attached()
	if len(ends) < 2 {
		return nil
	}
	var errs []error
	check := func(adjacency [][]Edge, direction string) {
		reached := t.reachable(adjacency, ends[0])
		var lost []string
		for _, id := range ends {
			if !reached[id] {
				lost = append(lost, t.Vertices[id].Name)
			}
		}
		if len(lost) > 0 {
			errs = append(errs, fmt.Errorf("there is no path %s %s %s %s; connect them with links",
				direction, t.Vertices[ends[0]].Name, map[string]string{"from": "to", "to": "from"}[direction], abbreviate(lost)))
		}
	}
	check(t.Adjacency, "from")
	check(t.reverse(), "to")
	return errs
}

// reachable marks the vertices reached from start; hosts and the cloud do not forward.
func (t *Topology) reachable(adjacency [][]Edge, start ID) []bool {
	reached := make([]bool, len(t.Vertices))
	reached[start] = true
	for todo := []ID{start}; len(todo) > 0; {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if v != start && t.Vertices[v].Kind.Attached() {
			continue
		}
		for _, e := range adjacency[v] {
			if !reached[e.To] {
				reached[e.To] = true
				todo = append(todo, e.To)
			}
		}
	}
	return reached
}

// abbreviate lists names, all of them up to twenty.
func abbreviate(names []string) string {
	const most = 20
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
