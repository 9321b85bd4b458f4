// Package containerlab reads and writes the topology files of containerlab (YAML).
package containerlab

import (
	"fmt"
	"regexp"
	"strings"

	"testbed/emulator/catalogue"
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
		Does: network.Format{Detect: Detect, Parse: Parse, Write: Write},
	})
}

var (
	top   = regexp.MustCompile(`(?m)^topology:`)
	ports = regexp.MustCompile(`endpoints:\s*\[\s*["']?[^\s"',\]]+:[^\s"',\]]` +
		`|-\s*["']?[A-Za-z0-9_.-]+:[a-z][^\s:]*["']?\s*(?:,|\]|$)`)
	named = regexp.MustCompile(`(?m)^\s+-?\s*interface:|^\s+kind:\s*(?:linux|bridge|[a-z]+_[a-z]+)`)
)

// Detect says whether a file begins as a topology file does: links end at interfaces of nodes.
func Detect(head []byte) bool {
	return top.Match(head) && (ports.Match(head) || named.Match(head)) && strings.Contains(string(head), "nodes:")
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
// forward. A link has no limit and no delay but for what its vars say, by the names of a scenario's link.
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
	g := &network.Graph{Name: root.Get("name").String(), Unshaped: true}
	for _, k := range of.Get("nodes").Keys {
		g.Nodes = append(g.Nodes, node(of, k))
	}
	var errs network.Errors
	if links := of.Get("links"); links.Is(tree.List) {
		for _, v := range links.Items {
			errs.Add(link(g, v))
		}
	}
	errs.Add(wired(g))
	return g, errs.Join()
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

// node is one of the file, with what it inherits from its group, its kind and the defaults.
func node(of *tree.Value, k tree.Member) network.Node {
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
	return n
}

// outside are names that stand for something outside of the lab where a node's should be.
var outside = map[string]bool{
	"host": true, "mgmt-net": true, "macvlan": true, "vxlan": true, "vxlan-stitch": true, "dummy": true,
}

// link adds a link between two nodes: {endpoints: ["a:eth1", "b:eth1"]}, or in the extended form {type: veth,
// endpoints: [{node: a, interface: eth1}, ...]}. Those that lead out of the lab are left out.
func link(g *network.Graph, v *tree.Value) error {
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
	vars := network.Attributes{}
	if v.Get("vars").Is(tree.Map) {
		for _, k := range v.Get("vars").Keys {
			vars.Set(k.Name, k.Value.String(), k.Line)
		}
	}
	l.Name, l.Class = vars.Text("name"), vars.Text("class")
	err := vars.Shape(&l)
	g.Links = append(g.Links, l)
	return err
}
