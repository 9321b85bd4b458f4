// Package nodelink reads networks in NetworkX's node-link JSON, as networkx.node_link_data makes it: edges are under
// edges or, before NetworkX 3.6, links.
package nodelink

import (
	"bytes"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/tree"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return network.Formats.Of(catalogue.Entry[network.Format]{
		Description: catalogue.Description{
			Name: "networkx", About: "NetworkX's node-link JSON (edges or links), with the attributes of the Internet " +
				"Topology Zoo, of Mininet or of this program", Brief: "NetworkX's JSON",
		},
		Does: network.Format{Detect: Detect, Parse: Parse},
	})
}

// Detect says whether a file begins as node-link JSON does: as NetworkX writes it, or at least with nodes and edges
// that have source and target, as D3's programs do.
func Detect(head []byte) bool {
	if !bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) {
		return false
	}
	has := func(key string) bool { return bytes.Contains(head, []byte(`"`+key+`"`)) }
	return has("directed") && has("multigraph") ||
		has("nodes") && (has("links") || has("edges")) && has("source") && has("target")
}

// Parse reads a graph.
func Parse(text []byte, _ catalogue.Values) (*network.Graph, error) {
	root, err := tree.JSON(text)
	if err != nil {
		return nil, err
	}
	nodes, edges := root.Get("nodes"), root.Get("edges")
	if edges == nil {
		edges = root.Get("links")
	}
	switch {
	case !nodes.Is(tree.List) || !edges.Is(tree.List):
		return nil, network.Failf(root.Line, "this is not node-link JSON: it needs lists nodes, and edges or links")
	case root.Get("edges") != nil && root.Get("links") != nil:
		return nil, network.Failf(root.Get("links").Line, "there are both edges and links; leave the list that is meant")
	}
	b, errs := network.Builder{}, network.Errors{}
	for _, n := range nodes.Items {
		errs.Add(b.Node(attributes(n), identity(n.Get("id")), n.Line))
	}
	directed := root.Get("directed").String() == "true"
	for _, e := range edges.Items {
		ends := [2]string{identity(e.Get("source")), identity(e.Get("target"))}
		errs.Add(b.Edge(attributes(e), ends, directed, e.Line))
	}
	g := b.Graph()
	for _, name := range []string{"name", "Network"} {
		if g.Name == "" {
			g.Name = root.Get("graph").Get(name).String()
		}
	}
	return g, errs.Join()
}

// identity is a node's ID: a number, a text, or a list of them, as Python's tuples are written.
func identity(v *tree.Value) string {
	if !v.Is(tree.List) {
		if v == nil {
			return ""
		}
		return network.Identity(v.Text, v.Quote)
	}
	id := "("
	for i, item := range v.Items {
		if i > 0 {
			id += ", "
		}
		id += item.String()
	}
	return id + ")"
}

// attributes are those of a node or an edge.
func attributes(v *tree.Value) network.Attributes {
	a := network.Attributes{}
	a.Take(v)
	return a
}
