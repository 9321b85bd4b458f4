package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"testbed/emulator/topology"
)

// checkWrittenNames holds names against the nodes and links written out, where no graph can be built.
func (d *decoder) checkWrittenNames(f *File) {
	if len(f.Topology.Nodes) == 0 || len(f.Topology.Links) == 0 && len(f.Topology.Nodes) > 1 {
		return
	}
	n := vocabulary{links: map[string]topology.LinkType{}, classes: map[string][]topology.LinkType{}}
	for _, node := range f.Topology.Nodes {
		if node.Kind == "host" {
			n.clients = append(n.clients, node.Name, node.Class, node.Model)
		}
	}
	for i := range f.Topology.Links {
		l := &f.Topology.Links[i]
		n.links[l.Name] = l.kind()
		n.classes[l.Class] = append(n.classes[l.Class], l.kind())
	}
	if c := f.Cloud; c != nil {
		n.classes[topology.CloudClass] = []topology.LinkType{topology.Duplex}
		if c.At != "hosts" {
			n.links["cloud_up"], n.links["cloud_down"] = topology.Uplink, topology.Downlink
		} else {
			for _, node := range f.Topology.Nodes {
				n.links["cloud_"+node.Name] = topology.Duplex
			}
		}
	}
	d.checkNames(f, n)
}

// checkGraph builds the topology and checks what needs it.
func (d *decoder) checkGraph(s *Scenario) {
	if !d.checkCloud(s) {
		return
	}
	t, err := s.graph()
	if err != nil {
		for _, one := range flatten(err) {
			d.failAt("topology", "change its parameters", "%v", one)
		}
		return
	}
	n := vocabulary{links: map[string]topology.LinkType{}, classes: map[string][]topology.LinkType{}}
	for _, id := range t.Hosts() {
		v := &t.Vertices[id]
		n.clients = append(n.clients, v.Name, v.Class, v.Model)
	}
	for _, id := range t.Links() {
		v := &t.Vertices[id]
		n.links[v.Name] = v.LinkType
		n.classes[v.Class] = append(n.classes[v.Class], v.LinkType)
	}
	d.checkNames(&s.File, n)
	if len(s.File.Topology.Nodes) > 0 {
		d.checkPaths(t)
		return
	}
	for _, err := range t.Validate() {
		d.failAt("topology", "change its parameters", "%v", err)
	}
}

func (d *decoder) checkCloud(s *Scenario) bool {
	if s.Cloud == nil || s.Cloud.At == "hosts" {
		return true
	}
	t, err := s.edgeNetwork()
	if err != nil {
		d.failAt("topology", "change its parameters", "%v", errors.Join(flatten(err)...))
		return false
	}
	var forwarding []string
	for _, v := range t.Vertices {
		if v.Kind == topology.Switch || v.Kind == topology.Exchange {
			forwarding = append(forwarding, v.Name)
		}
	}
	if slices.Contains(forwarding, s.Cloud.At) {
		return true
	}
	d.failAt("cloud.at", suggest(s.Cloud.At, append(forwarding, "hosts")), "there is no switch or exchange %q", s.Cloud.At)
	return false
}

// vocabulary is what names in the file can refer to.
type vocabulary struct {
	clients []string // names, classes and models of hosts
	links   map[string]topology.LinkType
	classes map[string][]topology.LinkType
}

func (d *decoder) checkNames(f *File, n vocabulary) {
	n.clients = slices.DeleteFunc(n.clients, func(s string) bool { return s == "" })
	_, listed := d.where["workload.clients"]
	for i, c := range f.Workload.Clients {
		if here := fmt.Sprintf("workload.clients[%d]", i); c != "" && !slices.Contains(n.clients, c) && listed {
			d.failAt(here, suggest(c, slices.Compact(slices.Sorted(slices.Values(n.clients)))), "there is no host of the name, model or class %q", c)
		}
	}
	if !listed && !slices.ContainsFunc(f.Workload.Clients, func(c string) bool { return slices.Contains(n.clients, c) }) {
		d.failAt("workload", "add workload.clients", "no host is of a model that issues jobs by default, %s", strings.Join(f.Workload.Clients, " or "))
	}
	for _, o := range f.Classes {
		here := join("classes", o.Name)
		if types, ok := n.classes[o.Name]; ok {
			for _, kind := range slices.Compact(types) {
				// A class may hold both an uplink and a downlink, each of which takes its own direction.
				if kind == topology.Shared {
					d.checkDirections(here, kind)
				}
			}
			continue
		}
		d.failAt(here, suggest(o.Name, keys(n.classes)), "no link is of the class %q", o.Name)
	}
	for _, o := range f.Overrides {
		here := join("overrides", o.Name)
		if kind, ok := n.links[o.Name]; ok {
			d.checkDirections(here, kind)
			continue
		}
		d.failAt(here, suggest(o.Name, keys(n.links)), "there is no link %q", o.Name)
	}
}

func keys[T any](m map[string]T) []string {
	var all []string
	for k := range m {
		if k != "" {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return all
}
