package graphml

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
)

// Write writes a network with this program's attributes. A shared medium is a node of kind medium, and links of one
// direction are directed edges.
func Write(w io.Writer, n *network.Network) error {
	out := &writer{Writer: bufio.NewWriter(w)}
	out.printf("%s<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n", xml.Header)
	if len(n.Notes) > 0 {
		out.printf("  <desc>%s</desc>\n", escaped(strings.Join(n.Notes, "; ")))
	}
	out.keys(n)
	out.printf("  <graph id=%s edgedefault=\"undirected\">\n", quoted(n.Name))
	for i := range n.Nodes {
		m := &n.Nodes[i]
		out.element("node", fmt.Sprintf("id=%s", quoted(m.Name)), network.NodeAttributes(m))
	}
	for i := range n.Links {
		if l := &n.Links[i]; l.Type == topology.Shared {
			attributes := append([]network.Pair{{Name: "kind", Text: "medium"}}, network.LinkAttributes(l)...)
			out.element("node", fmt.Sprintf("id=%s", quoted(l.Name)), attributes)
		}
	}
	for i := range n.Links {
		out.link(&n.Links[i])
	}
	out.printf("  </graph>\n</graphml>\n")
	return out.Flush()
}

// writer keeps the first error of writing until Flush.
type writer struct{ *bufio.Writer }

func (w *writer) printf(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// quoted is a text as an attribute's value.
func quoted(text string) string { return `"` + escaped(text) + `"` }

func escaped(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a builder takes everything
	return out.String()
}

// keys declares the attributes that are used, all of them texts.
func (w *writer) keys(n *network.Network) {
	declared := map[string]bool{}
	declare := func(element string, pairs []network.Pair) {
		for _, p := range pairs {
			if !declared[p.Name] {
				declared[p.Name] = true
				w.printf("  <key id=%s for=%q attr.name=%s attr.type=\"string\"/>\n", quoted(p.Name), element, quoted(p.Name))
			}
		}
	}
	for i := range n.Nodes {
		declare("all", network.NodeAttributes(&n.Nodes[i]))
	}
	for i := range n.Links {
		declare("all", network.LinkAttributes(&n.Links[i]))
	}
}

func (w *writer) element(name, attributes string, pairs []network.Pair) {
	w.printf("    <%s %s>", name, attributes)
	for _, p := range pairs {
		w.printf("<data key=%s>%s</data>", quoted(p.Name), escaped(p.Text))
	}
	w.printf("</%s>\n", name)
}

// link writes an edge or, of a medium, one to each station.
func (w *writer) link(l *network.Joint) {
	if l.Type == topology.Shared {
		for _, end := range l.Ends {
			w.printf("    <edge source=%s target=%s/>\n", quoted(l.Name), quoted(end))
		}
		return
	}
	ends := fmt.Sprintf("source=%s target=%s", quoted(l.Ends[0]), quoted(l.Ends[1]))
	if l.Type != topology.Duplex {
		ends += ` directed="true"`
	}
	w.element("edge", ends, network.LinkAttributes(l))
}
