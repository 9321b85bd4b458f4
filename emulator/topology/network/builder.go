package network

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Builder makes a graph of nodes and edges with attributes, as GraphML, GML and NetworkX have them. A node whose kind
// is medium is a shared medium, and the edges to it are its stations'.
type Builder struct {
	graph Graph
	media map[string]*Link
	order []string // of the media

	Untaken Untaken // what nobody reads
}

// medium is the kind of nodes that are shared media.
const medium = "medium"

var kinds = map[string]topology.Kind{
	"host": topology.Host, "cloud": topology.Cloud, "switch": topology.Switch, "exchange": topology.Exchange,
	"router": topology.Switch,
}

// Node adds a node. Its attributes may say its label (label, name), kind (host, switch, exchange, cloud, medium; those
// without one forward), class, model, arch, memory, cpu, image and place.
func (b *Builder) Node(a Attributes, id string, line int) error {
	if id == "" {
		return Failf(line, "a node has no ID")
	}
	if strings.EqualFold(a.Text("kind"), medium) {
		a.UntakenOfLink(&b.Untaken, "media", "kind", "id", "latitude", "longitude")
		return b.medium(a, id, line)
	}
	a.UntakenOfNode(&b.Untaken, Nodes, "id")
	if _, known := kinds[strings.ToLower(a.Text("kind"))]; !known && a.has("kind") {
		b.Untaken.Add(Nodes, "kind "+a.Text("kind"), a["kind"].Line)
	}
	n := Node{ID: id, Line: line, Kind: topology.Switch}
	for _, name := range []string{"label", "name"} {
		if n.Label == "" {
			n.Label = a.Text(name)
		}
	}
	if err := a.Node(&n); err != nil {
		return err
	}
	place, err := a.Place()
	n.Place = place
	b.graph.Nodes = append(b.graph.Nodes, n)
	return err
}

// Node gives a node what its attributes say: kind, class, model, arch, memory, cpu and image.
func (a Attributes) Node(n *Node) error {
	for name, into := range map[string]*string{
		"class": &n.Class, "model": &n.Model, "arch": &n.Arch, "image": &n.Image,
	} {
		if a.has(name) {
			*into = a.Text(name)
		}
	}
	if kind, known := kinds[strings.ToLower(a.Text("kind"))]; known {
		n.Kind = kind
	}
	r := &attributeReader{of: a}
	r.read("memory", Quantity(&n.Memory, units.ParseByteSize))
	r.read("cpu", func(text string) error {
		x, err := Number(text)
		if err == nil && (x < 0.001 || x > 1024) {
			err = fmt.Errorf("%s is no number of processors from 0.001 to 1024", Shown(text))
		}
		n.CPU = int64(x*1000 + 0.5)
		return err
	})
	return r.err
}

// medium adds a shared medium.
func (b *Builder) medium(a Attributes, id string, line int) error {
	l := &Link{Name: cmp.Or(a.Text("label"), a.Text("name"), id), Line: line, Type: topology.Shared,
		Class: a.Text("class")}
	if b.media[id] != nil {
		return Failf(line, "the node %s is given twice", Shown(id))
	}
	if b.media == nil {
		b.media = map[string]*Link{}
	}
	b.media[id] = l
	b.order = append(b.order, id)
	return a.Shape(l)
}

// identities are attributes of edges that only say which one it is.
var identities = []string{"source", "target", "id", "key", "source_port", "target_port"}

// Edge adds an edge; where it is directed, it is a link of one direction.
func (b *Builder) Edge(a Attributes, ends [2]string, directed bool, line int) error {
	l := Link{Line: line, Name: a.Text("name"), Class: a.Text("class"), Ends: []End{
		{Node: ends[0], Port: a.Text("source_port")}, {Node: ends[1], Port: a.Text("target_port")},
	}}
	if directed {
		l.Type = topology.Uplink
	}
	for i, e := range l.Ends {
		if m := b.media[e.Node]; m != nil {
			m.Ends = append(m.Ends, l.Ends[1-i])
			a.untaken(&b.Untaken, "links to media", func(string) bool { return false }, identities)
			return nil
		}
	}
	a.UntakenOfLink(&b.Untaken, Links, identities...)
	err := a.Shape(&l)
	b.graph.Links = append(b.graph.Links, l)
	return err
}

// Graph is the graph of all that was added.
func (b *Builder) Graph() *Graph {
	for _, id := range b.order {
		b.graph.Links = append(b.graph.Links, *b.media[id])
	}
	b.graph.Notes = append(b.graph.Notes, b.Untaken.Notes()...)
	return &b.graph
}

// longestNumber is how many digits a number has at most that is compared as a number.
const longestNumber = 100

// Identity is a node's ID as JSON and GML write it: a text, or a number whose spelling does not matter.
func Identity(text string, quoted bool) string {
	if quoted {
		return text
	}
	if n, ok := new(big.Int).SetString(text, 10); ok && len(text) <= longestNumber {
		return n.String()
	}
	// What has a point or an exponent is exact up to here only: two such numbers beyond may be one as a float.
	if x, err := strconv.ParseFloat(text, 64); err == nil && x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		return strconv.FormatInt(int64(x), 10)
	}
	return text
}
