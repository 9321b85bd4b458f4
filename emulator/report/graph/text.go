package graph

import (
	"fmt"
	"strings"

	visible "testbed/emulator/internal/printable"
)

// DOT is the network as an undirected graph in Graphviz's language.
func (n *Network) DOT() string {
	var b strings.Builder
	fmt.Fprintf(&b, "graph %s {\n  rankdir=LR;\n", dotQuote(n.Name))
	b.WriteString("  node [fontname=\"Helvetica\", fontsize=10];\n  edge [fontname=\"Helvetica\", fontsize=8];\n")
	for i := range n.Nodes {
		v := &n.Nodes[i]
		label := v.Name
		if v.Link {
			label += "\n" + v.Shape
		}
		fmt.Fprintf(&b, "  n%d [label=%s, shape=%s, tooltip=%s];\n",
			i, dotQuote(label), dotShapes[v.Kind], dotQuote(strings.Join(v.about, "\n")))
	}
	for i := range n.Lines {
		l := &n.Lines[i]
		fmt.Fprintf(&b, "  n%d -- n%d [label=%s, tooltip=%s];\n",
			l.From, l.To, dotQuote(l.Label), dotQuote(strings.Join(l.about, "\n")))
	}
	b.WriteString("}\n")
	return b.String()
}

var dotShapes = map[string]string{
	"host":     "box",
	"cloud":    "doubleoctagon",
	"switch":   "ellipse",
	"exchange": "hexagon",
	"medium":   "parallelogram",
	"link":     "plain",
}

// dotQuote is a quoted ID of DOT, in which line breaks and nothing else are escapes.
func dotQuote(s string) string {
	s = printable(s)
	s = strings.ReplaceAll(s, `\`, `\\`)
	s = strings.ReplaceAll(s, `"`, `\"`)
	return `"` + strings.ReplaceAll(s, "\n", `\n`) + `"`
}

// printable leaves line breaks and what can be seen.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || !visible.Unsafe(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(s, "?"))
}

// Mermaid is the network as a flowchart in Mermaid's language.
func (n *Network) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i := range n.Nodes {
		v := &n.Nodes[i]
		label := v.Name
		if v.Link {
			label += "\n" + v.Shape
		}
		around := mermaidShapes[v.Kind]
		fmt.Fprintf(&b, "  n%d%s%s%s\n", i, around[0], mermaidQuote(label), around[1])
	}
	for i := range n.Lines {
		l := &n.Lines[i]
		if l.Label == "" {
			fmt.Fprintf(&b, "  n%d --- n%d\n", l.From, l.To)
			continue
		}
		fmt.Fprintf(&b, "  n%d ---|%s| n%d\n", l.From, mermaidQuote(l.Label), l.To)
	}
	return b.String()
}

var mermaidShapes = map[string][2]string{
	"host":     {"[", "]"},
	"cloud":    {"(((", ")))"},
	"switch":   {"(", ")"},
	"exchange": {"{{", "}}"},
	"medium":   {"[/", "/]"},
	"link":     {"[", "]"},
}

// mermaidQuote is a quoted text, in which everything that Mermaid, its Markdown or HTML reads as more
// than a letter is written as a character's number.
func mermaidQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range printable(s) {
		switch {
		case r == '\n':
			b.WriteString("<br/>")
		case strings.ContainsRune("\"#&;<>`*\\|%", r):
			fmt.Fprintf(&b, "#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
