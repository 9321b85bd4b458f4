// Package graphml reads and writes networks in GraphML (Brandes et al., "GraphML Progress Report", GD 2001), with the
// attributes of the Internet Topology Zoo (Knight et al., IEEE JSAC 29(9), 2011), of Mininet and of this program.
package graphml

import (
	"cmp"
	"strconv"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/lazy"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/tree"
)

var begin = lazy.Regexp(`<([\w.-]+:)?graphml\b`)

// Detect says whether a file begins as GraphML does.
func Detect(head []byte) bool { return begin().Match(head) }

// Parse reads the first graph of a document, with the labels that yEd draws. Hyperedges and graphs in nodes are errors.
func Parse(text []byte, _ catalogue.Values) (*network.Graph, error) {
	root, err := tree.XML(text)
	if err != nil {
		return nil, err
	}
	graph := root.First("graph")
	if root.Name != "graphml" || graph == nil {
		return nil, network.Failf(root.Line, "this is not GraphML: there is no graph in graphml")
	}
	p := &parser{keys: map[string]*key{}}
	for _, k := range root.All("key") {
		p.key(k)
	}
	for _, further := range root.All("graph")[1:] {
		p.graph.Untaken.Add(network.File, network.Further, further.Line)
	}
	p.graph.Untaken.Children(network.File, root, "key", "data", "graph")
	p.graph.Untaken.Children("the graph", graph, "data", "node", "edge", "hyperedge")
	about := p.attributes(graph, "graph")
	name := cmp.Or(about.Text("Network"), about.Text("name"), graph.Attrs["id"])
	directed := graph.Attrs["edgedefault"] == "directed"
	for _, e := range graph.All("node") {
		p.node(e)
	}
	for _, e := range graph.All("edge") {
		p.edge(e, directed)
	}
	for _, e := range graph.All("hyperedge") {
		p.errs.Add(network.Failf(e.Line, "a hyperedge is not read: write a node of kind medium, and edges to it"))
	}
	g := p.graph.Graph()
	g.Name = name
	return g, p.errs.Join()
}

// key is what a data element's key stands for.
type key struct {
	name, element, standard string
	drawn                   bool // data are yEd's drawings
	line                    int
}

type parser struct {
	keys  map[string]*key
	order []*key // as they are declared
	graph network.Builder
	errs  network.Errors
}

// maxKeys is the largest number of attributes that a file may declare, and longest what a name or a default may have,
// in bytes: each is looked at for each node and edge.
const (
	maxKeys = 200
	longest = 1024
)

func (p *parser) key(e *tree.Element) {
	k := &key{line: e.Line, name: cmp.Or(e.Attrs["attr.name"], e.Attrs["id"]), element: cmp.Or(e.Attrs["for"], "all"),
		drawn: strings.HasSuffix(e.Attrs["yfiles.type"], "graphics")}
	if d := e.First("default"); d != nil {
		k.standard = strings.TrimSpace(d.Text)
	}
	switch other, known := p.keys[e.Attrs["id"]]; {
	case known:
		p.errs.Add(network.Failf(e.Line, "the key %s is declared in line %d already", network.Shown(e.Attrs["id"]),
			other.line))
		return
	case len(p.order) >= maxKeys:
		p.errs.Add(network.Failf(e.Line, "more than %d keys are not read", maxKeys))
		return
	case len(k.name) > longest || len(k.standard) > longest:
		p.errs.Add(network.Failf(e.Line, "names and defaults of keys have %d bytes at most", longest))
		return
	}
	p.keys[e.Attrs["id"]] = k
	p.order = append(p.order, k)
}

// attributes are what data elements say of an element, and the defaults of keys: of several of one name the last, and
// one of this kind of element rather than one of all.
func (p *parser) attributes(e *tree.Element, kind string) network.Attributes {
	a := network.Attributes{}
	for _, element := range []string{"all", kind} {
		for _, k := range p.order {
			if k.standard != "" && k.element == element {
				a.Set(k.name, k.standard, e.Line)
			}
		}
	}
	var drawn []*tree.Element
	for _, d := range e.All("data") {
		name := d.Attrs["key"]
		k, known := p.keys[name]
		if known {
			name = k.name
		}
		switch {
		case len(d.Children) == 0:
			a.Set(name, d.Text, d.Line)
		case known && k.drawn:
			drawn = append(drawn, d)
		default:
			a[strings.ToLower(name)] = network.Attribute{Name: name, Line: d.Line, Other: true}
		}
	}
	for _, d := range drawn {
		each(d, func(e *tree.Element) {
			switch label := e.Name == "NodeLabel" || e.Name == "EdgeLabel"; {
			case label && a.Text("label") == "":
				a.Set("label", e.Text, e.Line)
			case label: // one besides, of which it is told that nobody reads it
				a.Set(e.Name, e.Text, e.Line)
			}
		})
	}
	return a
}

// each visits all elements inside of one.
func each(of *tree.Element, visit func(e *tree.Element)) {
	for _, e := range of.Children {
		visit(e)
		each(e, visit)
	}
}

func (p *parser) node(e *tree.Element) {
	a := p.attributes(e, "node")
	if e.First("graph") != nil {
		p.errs.Add(network.Failf(e.Line, "the graph inside of node %s is not read; take its nodes out of it, as yEd's "+
			"Ungroup does", network.Shown(e.Attrs["id"])))
		return
	}
	p.graph.Untaken.Attrs(network.Nodes, e, "id")
	p.graph.Untaken.Children(network.Nodes, e, "data", "port")
	p.errs.Add(p.graph.Node(a, e.Attrs["id"], e.Line))
}

func (p *parser) edge(e *tree.Element, directed bool) {
	each(e, func(drawn *tree.Element) { // yEd's edges are directed all, and drawn with an arrow or without
		if drawn.Name == "Arrows" && (drawn.Attrs["source"] == "none") == (drawn.Attrs["target"] == "none") {
			directed = false
		}
	})
	if d := e.Attrs["directed"]; d != "" {
		var err error
		if directed, err = strconv.ParseBool(d); err != nil {
			p.errs.Add(network.Failf(e.Line, "directed is %s; write true or false", network.Shown(d)))
		}
	}
	p.graph.Untaken.Attrs(network.Links, e, "id", "source", "target", "directed", "sourceport", "targetport")
	p.graph.Untaken.Children(network.Links, e, "data")
	a := p.attributes(e, "edge")
	for _, end := range []string{"source", "target"} {
		if port := e.Attrs[end+"port"]; port != "" {
			a.Set(end+"_port", port, e.Line)
		}
	}
	p.errs.Add(p.graph.Edge(a, [2]string{e.Attrs["source"], e.Attrs["target"]}, directed, e.Line))
}
