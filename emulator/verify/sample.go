package verify

import (
	"fmt"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
)

// classesOf groups the links of a topology by class, up and down links of one class apart.
func classesOf(t *topology.Topology) map[string][]topology.ID {
	classes := map[string][]topology.ID{}
	for _, id := range t.Links() {
		v := &t.Vertices[id]
		class := v.Class + "\x00" + v.LinkType.String()
		classes[class] = append(classes[class], id)
	}
	return classes
}

// Extent says of how many links of a topology findings are, where so many of each class were to be measured, and how to
// have all of them measured.
func Extent(t *topology.Topology, findings []Finding, perClass int) string {
	measured := map[string]bool{}
	for _, f := range findings {
		if !f.Skipped && !f.Unmeasured {
			measured[f.Link] = true
		}
	}
	links, classes := len(t.Links()), classesOf(t)
	largest := 0
	for _, class := range classes {
		largest = max(largest, len(class))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "measured %d of %s", len(measured), printable.Count(links, "link"))
	switch {
	case len(measured) == links:
	case perClass >= largest:
		text.WriteString("; the others carry nothing that could be measured")
	default:
		fmt.Fprintf(&text, ": at most %d of each of %s; --per-class %d measures all", perClass,
			printable.Count(len(classes), "class"), largest)
	}
	return text.String()
}
