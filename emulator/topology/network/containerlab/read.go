// Package containerlab reads and writes the topology files of containerlab (YAML).
package containerlab

import (
	"fmt"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/lazy"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/tree"
)

// Section is this package's part of the catalogue.
func Section() catalogue.Section {
	return network.Formats.Of(catalogue.Entry[network.Format]{
		Description: catalogue.Description{
			Name: "containerlab", About: "a topology file of containerlab", Brief: "containerlab's YAML",
		},
		Does: network.Format{Detect: Detect, Parse: Parse, Write: Write, Routes: true},
	})
}

var (
	top   = lazy.Regexp(`(?m)^topology:`)
	ports = lazy.Regexp(`endpoints:\s*\[\s*["']?[^\s"',\]]+:[^\s"',\]]` +
		`|-\s*["']?[A-Za-z0-9_.-]+:[a-z][^\s:]*["']?\s*(?:,|\]|$)`)
	named = lazy.Regexp(`(?m)^\s+-?\s*interface:|^\s+kind:\s*(?:linux|bridge|[a-z]+_[a-z]+)` +
		`|:\s*\{\s*kind:\s*(?:linux|bridge)\b`)
)

// Detect says whether a file begins as a topology file does: links end at interfaces of nodes.
func Detect(head []byte) bool {
	return top().Match(head) && (ports().Match(head) || named().Match(head)) && strings.Contains(string(head), "nodes:")
}

// forwards are the kinds of nodes that are no hosts. Network operating systems have an underscore in their kind's name.
func forwards(kind string) bool {
	switch kind {
	case "linux", "k8s-kind", "generic_vm", "rare", "border0", "ext-container", "host", "":
		return false
	}
	return true
}

// Parse reads a topology file. Nodes of kind linux are hosts with their images; bridges and network operating systems
// forward. A link has no limit and no delay but for what its vars say, by the names of a scenario's link; labels of
// nodes that begin with Label say what the file otherwise has no word for.
func Parse(text []byte, _ catalogue.Values) (*network.Graph, error) {
	root, err := tree.YAML(text)
	if err != nil {
		return nil, err
	}
	of := root.Get("topology")
	if !of.Get("nodes").Is(tree.Map) {
		return nil, network.Failf(of.At(root),
			"this is not a topology file of containerlab: there is no mapping topology.nodes")
	}
	r := &reader{graph: &network.Graph{Name: root.Get("name").String(), Unshaped: true}, media: map[string]int{},
		back: map[int][2]string{}}
	r.untaken.Keys("the lab", root, "name", "topology")
	r.untaken.Keys("the topology", of, "nodes", "links", "kinds", "groups", "defaults")
	var errs network.Errors
	for _, k := range of.Get("nodes").Keys {
		errs.Add(r.node(of, k))
	}
	if links := of.Get("links"); links.Is(tree.List) {
		for _, v := range links.Items {
			errs.Add(r.link(v))
		}
	}
	errs.Add(wired(r.graph))
	r.graph.Links = r.links()
	r.graph.Notes = append(r.graph.Notes, r.untaken.Notes()...)
	return r.graph, errs.Join()
}

// reader is what is known of a file on the way.
type reader struct {
	graph   *network.Graph
	shared  []network.Link    // media, which are bridges in the file
	media   map[string]int    // of nodes' names: which medium each is
	back    map[int][2]string // of links that stand for two of one direction: name and class of the second
	untaken network.Untaken
}

// links are those of the graph: a link to a medium is an end of that, and one that stands for two is two.
func (r *reader) links() []network.Link {
	var all []network.Link
	for i := range r.graph.Links {
		l := &r.graph.Links[i]
		if at, station := r.atMedium(l); station {
			if l.Shape != [2]network.Shape{} {
				r.untaken.Add("links to media", "vars", l.Line)
			}
			r.shared[at].Ends = append(r.shared[at].Ends, l.Ends[1])
			continue
		}
		back, two := r.back[i]
		if !two || len(l.Ends) != 2 {
			all = append(all, *l)
			continue
		}
		second := *l
		l.Type, second.Type = topology.Uplink, topology.Uplink
		second.Name, second.Class = back[0], back[1]
		second.Ends = []network.End{l.Ends[1], l.Ends[0]}
		second.Shape = [2]network.Shape{l.Shape[1], l.Shape[1]}
		all = append(all, *l, second)
	}
	return append(all, r.shared...)
}

// atMedium finds the medium that a link leads to, which is its first end then.
func (r *reader) atMedium(l *network.Link) (at int, station bool) {
	for k := range l.Ends {
		if at, station = r.media[l.Ends[k].Node]; station && len(l.Ends) == 2 {
			l.Ends[0], l.Ends[1] = l.Ends[k], l.Ends[1-k]
			return at, true
		}
	}
	return 0, false
}

// wired fails where an interface is at the end of several links.
func wired(g *network.Graph) error {
	var errs network.Errors
	lines := map[network.End]int{}
	for i := range g.Links {
		for _, e := range g.Links[i].Ends {
			if before := lines[e]; before > 0 && e.Port != "" {
				errs.Add(network.Failf(g.Links[i].Line, "the interface %s is at the end of the link of line %d already; give "+
					"this link another one", network.Shown(e.Node+":"+e.Port), before))
			}
			lines[e] = g.Links[i].Line
		}
	}
	return errs.Join()
}

// Label is what labels of nodes begin with that are this program's: kind (cloud, exchange, medium), class, model, arch,
// memory and cpu of a host, and a medium's properties.
const Label = "testbed."

// node is one of the file, with what it inherits from its group, its kind and the defaults.
func (r *reader) node(of *tree.Value, k tree.Member) error {
	group := of.Get("groups").Get(k.Value.Get("group").String())
	inherited := func(name string, from ...*tree.Value) string {
		for _, v := range append([]*tree.Value{k.Value, group}, from...) {
			if text := v.Get(name).String(); text != "" {
				return text
			}
		}
		return ""
	}
	kind := inherited("kind", of.Get("defaults"))
	n := network.Node{ID: k.Name, Line: k.Line, Class: k.Value.Get("group").String(), Kind: topology.Host,
		Image: inherited("image", of.Get("kinds").Get(kind), of.Get("defaults"))}
	switch {
	case kind == "bridge" || kind == "ovs-bridge":
		n.Kind, n.Image = topology.Switch, ""
	case forwards(kind):
		n.Kind = topology.Switch
	}
	r.untaken.Keys(network.Nodes, k.Value, "kind", "image", "group", "labels")
	own := r.labels(k.Value.Get("labels"))
	if strings.EqualFold(own.Text("kind"), "medium") {
		return r.medium(own, k)
	}
	own.UntakenOfNode(&r.untaken, "nodes' labels, behind "+Label)
	err := own.Node(&n)
	r.graph.Nodes = append(r.graph.Nodes, n)
	return err
}

// labels are those of a node that are this program's, without what they begin with.
func (r *reader) labels(v *tree.Value) network.Attributes {
	own := network.Attributes{}
	if !v.Is(tree.Map) {
		return own
	}
	var ours, others tree.Value
	for _, k := range v.Keys {
		if name, is := strings.CutPrefix(k.Name, Label); is {
			k.Name = name
			ours.Keys = append(ours.Keys, k)
		} else {
			others.Keys = append(others.Keys, k)
		}
	}
	r.untaken.Keys("nodes' labels", &others)
	own.Take(&ours)
	return own
}

// medium takes a bridge for a medium that its stations share.
func (r *reader) medium(own network.Attributes, k tree.Member) error {
	if _, twice := r.media[k.Name]; twice {
		return network.Failf(k.Line, "the node %s is given twice", network.Shown(k.Name))
	}
	l := network.Link{Name: k.Name, Line: k.Line, Type: topology.Shared, Class: own.Text("class")}
	own.UntakenOfLink(&r.untaken, "nodes' labels, behind "+Label, "kind")
	err := own.Shape(&l)
	r.media[k.Name] = len(r.shared)
	r.shared = append(r.shared, l)
	return err
}

// outside are names that stand for something outside of the lab where a node's should be.
var outside = map[string]bool{
	"host": true, "mgmt-net": true, "macvlan": true, "vxlan": true, "vxlan-stitch": true, "dummy": true,
}

// link adds a link between two nodes: {endpoints: ["a:eth1", "b:eth1"]}, or in the extended form {type: veth,
// endpoints: [{node: a, interface: eth1}, ...]}. Those that lead out of the lab are left out.
func (r *reader) link(v *tree.Value) error {
	g := r.graph
	l := network.Link{Line: v.Line}
	kind := v.Get("type").String()
	if kind != "" && kind != "veth" {
		g.Notes = append(g.Notes, fmt.Sprintf("left out: the link of type %s in line %d", network.Shown(kind), v.Line))
		return nil
	}
	ends := v.Get("endpoints")
	if !ends.Is(tree.List) {
		return network.Failf(v.Line, "a link has a list endpoints")
	}
	for _, e := range ends.Items {
		node, port, _ := strings.Cut(e.String(), ":")
		if e.Is(tree.Map) {
			node, port = e.Get("node").String(), e.Get("interface").String()
		}
		if outside[node] && kind == "" {
			g.Notes = append(g.Notes, fmt.Sprintf("left out: the link of line %d, which leads to %s", v.Line, node))
			return nil
		}
		l.Ends = append(l.Ends, network.End{Node: node, Port: port})
	}
	r.untaken.Keys(network.Links, v, "type", "endpoints", "vars", "mtu")
	vars := network.Attributes{}
	if mtu := v.Get("mtu"); mtu.Is(tree.Scalar) {
		vars.Set("mtu", mtu.Text, mtu.Line)
	}
	vars.Take(v.Get("vars"))
	l.Name, l.Class = vars.Text("name"), vars.Text("class")
	if back := vars.Text(backName); back != "" {
		r.back[len(g.Links)] = [2]string{back, vars.Text(backClass)}
	}
	vars.UntakenOfLink(&r.untaken, "links' vars", backName, backClass)
	err := vars.Shape(&l)
	g.Links = append(g.Links, l)
	return err
}

// Vars of a link that stands for two of one direction, to and fro: the second one's name and class. What that does to
// packets is .down.
const (
	backName  = "name.down"
	backClass = "class.down"
)
