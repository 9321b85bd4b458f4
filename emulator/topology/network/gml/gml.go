// Package gml reads networks in the Graph Modelling Language (Himsolt, "GML: A portable Graph File Format", 1996), with
// the attributes of the Internet Topology Zoo.
package gml

import (
	"html"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/lazy"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/tree"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return network.Formats.Of(catalogue.Entry[network.Format]{
		Description: catalogue.Description{
			Name: "gml", About: "GML, with the attributes of the Internet Topology Zoo, of Mininet or of this program",
			Brief: "GML",
		},
		Does: network.Format{Detect: Detect, Parse: Parse},
	})
}

var begin = lazy.Regexp(`(?:^|\s)graph\s*\[`)

// Detect says whether a file begins as GML does.
func Detect(head []byte) bool { return begin().Match(head) && strings.Contains(string(head), "node") }

// Parse reads the first graph of a file.
func Parse(text []byte, _ catalogue.Values) (*network.Graph, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	graph := root.Get("graph")
	if !graph.Is(tree.Map) {
		return nil, network.Failf(1, "this is not GML: there is no graph [")
	}
	b, errs := network.Builder{}, network.Errors{}
	directed := graph.Get("directed").String() == "1"
	for _, member := range root.Keys {
		if member.Name == "graph" && member.Value != graph {
			b.Untaken.Add(network.File, network.Further, member.Line)
		}
	}
	for _, member := range graph.Keys {
		if member.Name == "node" {
			id := member.Value.Get("id")
			errs.Add(b.Node(attributes(member.Value), network.Identity(id.String(), false), member.Line))
		}
	}
	for _, member := range graph.Keys {
		if member.Name == "edge" {
			v := member.Value
			ends := [2]string{network.Identity(v.Get("source").String(), false),
				network.Identity(v.Get("target").String(), false)}
			errs.Add(b.Edge(attributes(v), ends, directed, member.Line))
		}
	}
	g := b.Graph()
	for _, name := range []string{"Network", "name", "label"} {
		if g.Name == "" {
			g.Name = graph.Get(name).String()
		}
	}
	return g, errs.Join()
}

// attributes are those of a node or an edge.
func attributes(v *tree.Value) network.Attributes {
	a := network.Attributes{}
	a.Take(v)
	return a
}

// lexer cuts a text into words, texts in quotes, and brackets.
type lexer struct {
	text   string
	at     int
	line   int
	budget tree.Budget
}

// token is what next gives: its text, whether it was in quotes, and its line.
type token struct {
	text   string
	quoted bool
	line   int
}

// next is the next token; an empty one without quotes: there is none any more.
func (l *lexer) next() (token, error) {
	for l.at < len(l.text) {
		switch c := l.text[l.at]; {
		case c == '\n':
			l.line++
			l.at++
		case c == ' ' || c == '\t' || c == '\r':
			l.at++
		case c == '#': // a comment, until its line ends
			for l.at < len(l.text) && !strings.ContainsRune("\r\n", rune(l.text[l.at])) {
				l.at++
			}
		case c == '[' || c == ']':
			l.at++
			return token{string(c), false, l.line}, nil
		case c == '"':
			return l.quoted()
		default:
			end := l.at
			for end < len(l.text) && !strings.ContainsRune(" \t\r\n[]\"", rune(l.text[end])) {
				end++
			}
			t := token{l.text[l.at:end], false, l.line}
			l.at = end
			return t, nil
		}
	}
	return token{line: l.line}, nil
}

// quoted is a text in quotes, in which characters stand as HTML's entities do: &quot;, &#8217;.
func (l *lexer) quoted() (token, error) {
	end := strings.IndexByte(l.text[l.at+1:], '"')
	if end < 0 {
		return token{}, tree.Failf(l.line, "a text in quotes has no end")
	}
	t := token{html.UnescapeString(l.text[l.at+1 : l.at+1+end]), true, l.line}
	l.line += strings.Count(l.text[l.at+1:l.at+1+end], "\n")
	l.at += end + 2
	return t, nil
}

// parse reads a list of keys with values, the whole file.
func parse(text []byte) (*tree.Value, error) {
	l := &lexer{text: string(text), line: 1}
	return l.list(0, 1)
}

// list reads keys with values until its bracket closes or, at depth 0, the file ends.
func (l *lexer) list(depth, line int) (*tree.Value, error) {
	v := &tree.Value{Kind: tree.Map, Line: line}
	for {
		key, err := l.next()
		if err != nil {
			return nil, err
		}
		switch end := !key.quoted && (key.text == "" || key.text == "]"); {
		case end && (key.text == "]") == (depth > 0):
			return v, nil
		case end && depth > 0:
			return nil, tree.Failf(line, "the bracket that opens here is never closed")
		case end:
			return nil, tree.Failf(key.line, "a bracket closes that was never opened")
		case key.quoted || key.text == "[":
			return nil, tree.Failf(key.line, "a key is missing before %s", network.Shown(key.text))
		}
		if err := l.budget.Take(key.line, depth); err != nil {
			return nil, err
		}
		value, err := l.value(key, depth)
		if err != nil {
			return nil, err
		}
		v.Keys = append(v.Keys, tree.Member{Name: key.text, Line: key.line, Value: value})
	}
}

// value reads what follows a key.
func (l *lexer) value(key token, depth int) (*tree.Value, error) {
	t, err := l.next()
	switch {
	case err != nil:
		return nil, err
	case !t.quoted && t.text == "[":
		return l.list(depth+1, t.line)
	case !t.quoted && (t.text == "" || t.text == "]"):
		return nil, tree.Failf(key.line, "the key %s has no value", network.Shown(key.text))
	}
	return &tree.Value{Kind: tree.Scalar, Line: t.line, Text: t.text, Quote: t.quoted}, nil
}
