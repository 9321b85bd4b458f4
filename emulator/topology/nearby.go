package topology

import (
	"fmt"
	"strings"
)

// NoHost says why nothing can run in what a name stands for, and what is meant instead: that it is a switch or a
// link, or that a host's name is spelt otherwise. It is empty for a host or the cloud, and for a name like no other.
func (t *Topology) NoHost(name string) string {
	if id, ok := t.Lookup(name); ok {
		v := &t.Vertices[id]
		if v.Kind.Attached() {
			return ""
		}
		what := v.Kind.String()
		switch {
		case v.Kind == Link && v.LinkType == Shared:
			what = "shared medium"
		case v.Kind == Link && v.LinkType == Duplex:
			what = "link"
		case v.Kind == Link:
			what = v.LinkType.String()
		}
		text := fmt.Sprintf("%s is %s %s, in which nothing runs; name a host", name, article(what), what)
		if host, ok := t.nearest(id); ok {
			text += ", such as " + t.Vertices[host].Name
		}
		return text
	}
	alike := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }
	for _, id := range t.Attached() {
		if found := t.Vertices[id].Name; alike(found) == alike(name) {
			return fmt.Sprintf("there is no node %s; did you mean %s?", name, found)
		}
	}
	return ""
}

func article(word string) string {
	if strings.ContainsRune("aeiou", rune(word[0])) {
		return "an"
	}
	return "a"
}

// nearest is the host with the fewest edges from a vertex; the first of equals.
func (t *Topology) nearest(from ID) (ID, bool) {
	seen := map[ID]bool{from: true}
	for todo := []ID{from}; len(todo) > 0; todo = todo[1:] {
		for _, e := range t.Adjacency[todo[0]] {
			if seen[e.To] {
				continue
			}
			if t.Vertices[e.To].Kind == Host {
				return e.To, true
			}
			seen[e.To] = true
			todo = append(todo, e.To)
		}
	}
	return 0, false
}
