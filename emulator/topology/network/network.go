package network

import (
	"errors"
	"net/netip"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Network is what a graph becomes: nodes and links as a scenario writes them out.
type Network struct {
	Name  string
	Nodes []Made
	Links []Joint
	Notes []string // what was left out, and what holds for many links
}

// Made is a node of a network.
type Made struct {
	Name  string
	Label string        // what people call it in the file; empty: its name
	ID    string        // in the file; empty: it is not from there
	Line  int           // in the file, from 1; 0: it is not from there
	Kind  topology.Kind // Host, Switch or Exchange
	Class string
	Model string
	Arch  string
	// Memory and CPU, in thousandths of a core, are of hosts.
	Memory units.ByteSize
	CPU    int64
	Image  string
	// Addresses are further ones of hosts, and Routes lead to networks by way of other nodes.
	Addresses []netip.Prefix
	Routes    []RouteTo
	Forwards  bool   // it sends on what is for others
	Note      string // where it comes from; empty: from nowhere else than its name says
	Place     *Position
}

// RouteTo is a host's way to a network.
type RouteTo struct {
	To  netip.Prefix
	Via string // the node's name
}

// Joint is a link of a network.
type Joint struct {
	Name  string
	Line  int  // in the file, from 1; 0: it is not from there
	Plain bool // the name is that which a link of these ends has by itself
	Type  topology.LinkType
	Class string
	Ends  []string
	Ports []string // names of the interfaces in the file; empty ones: not given
	Shape [2]topology.Shape
	Notes []string
}

// What hosts have where nobody says it, as in a scenario.
const (
	defaultMemory = 1 << 30
	defaultCPU    = 1000
)

// Find is the index of the node that has a name, or else of the first that has it as its label, or else as its ID.
func (n *Network) Find(name string) (int, bool) {
	for _, same := range []func(m *Made) bool{
		func(m *Made) bool { return m.Name == name }, func(m *Made) bool { return m.Label == name },
		func(m *Made) bool { return m.ID == name },
	} {
		for i := range n.Nodes {
			if name != "" && same(&n.Nodes[i]) {
				return i, true
			}
		}
	}
	return 0, false
}

// Hosts is the number of hosts.
func (n *Network) Hosts() int {
	count := 0
	for i := range n.Nodes {
		if n.Nodes[i].Kind == topology.Host {
			count++
		}
	}
	return count
}

// Topology makes the network's graph: hosts, links and then what forwards, each in the network's order.
func (n *Network) Topology() (*topology.Topology, error) {
	t := topology.New(n.Name)
	var errs []error
	add := func(v topology.Vertex) topology.ID {
		id, err := t.Add(v)
		errs = append(errs, err)
		return id
	}
	for i := range n.Nodes {
		if m := &n.Nodes[i]; m.Kind == topology.Host {
			add(topology.Vertex{
				Name: m.Name, Kind: topology.Host, Class: m.Class, Model: m.Model, Arch: m.Arch, Memory: m.Memory, CPU: m.CPU,
			})
		}
	}
	links := make([]topology.ID, len(n.Links))
	for i := range n.Links {
		l := &n.Links[i]
		links[i] = add(topology.Vertex{Name: l.Name, Kind: topology.Link, Class: l.Class, LinkType: l.Type, Shape: l.Shape})
	}
	for i := range n.Nodes {
		if m := &n.Nodes[i]; m.Kind != topology.Host {
			add(topology.Vertex{Name: m.Name, Kind: m.Kind})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for i := range n.Links {
		if err := t.JoinEnds(links[i], n.Links[i].Ends); err != nil {
			return nil, err
		}
	}
	t.EdgeNetwork = len(t.Vertices)
	return t, nil
}
