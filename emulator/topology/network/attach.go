package network

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
)

// attach adds the hosts of a rule, each with a link to its node. Their names are the node's, the word and a number.
func (r *resolver) attach(rule *Attachment, word string) {
	if rule == nil {
		return
	}
	if rule.PerNode < 1 || rule.PerNode > most {
		r.errs.Add(fmt.Errorf("%d hosts a node are not from 1 to %d", rule.PerNode, most))
		return
	}
	nodes := r.nodesAt(rule.At)
	more := len(nodes) * rule.PerNode
	if len(r.network.Nodes)+more > MaxNodes || len(r.network.Links)+more > MaxLinks {
		r.errs.Add(fmt.Errorf("with %s at each of %s there would be more than %d nodes or %d links",
			printable.Count(rule.PerNode, "host"), printable.Count(len(nodes), "node"), MaxNodes, MaxLinks))
		return
	}
	for _, at := range nodes {
		node := r.network.Nodes[at].Name
		for i := range rule.PerNode {
			suffix := "-" + word
			if word == "h" || rule.PerNode > 1 {
				suffix += strconv.Itoa(i + 1)
			}
			host := r.names.fit(cut(node, topology.MaxName-len(suffix))+suffix, word, topology.Host)
			r.add(Made{
				Name: host, Kind: topology.Host, Class: rule.Class, Model: cmp.Or(rule.Model, rule.Class), Arch: rule.Arch,
				Memory: cmp.Or(rule.Memory, defaultMemory), CPU: cmp.Or(rule.CPU, defaultCPU),
			})
			j := Joint{Class: AccessClass, Ends: []string{host, node}, Ports: []string{"", ""}, Shape: rule.Access}
			r.name(&j, "")
			r.network.Links = append(r.network.Links, j)
		}
	}
	r.note("attached by rule: %s of class %s, %d at each of %s",
		printable.Count(more, "host"), rule.Class, rule.PerNode, printable.Count(len(nodes), "node"))
}

// AccessClass is the class of the links of hosts that were attached by rule.
const AccessClass = "access"

// nodesAt are the indices of the nodes that forward and have one of the names, labels or IDs; nil names: of all.
func (r *resolver) nodesAt(names []string) []int {
	var all []int
	for i := range r.network.Nodes {
		if names == nil && r.network.Nodes[i].Kind != topology.Host {
			all = append(all, i)
		}
	}
	for _, name := range names {
		i, found := r.find(name)
		switch {
		case !found:
			r.errs.Add(fmt.Errorf("there is no node %s to attach a host to", Shown(name)))
		case r.network.Nodes[i].Kind == topology.Host:
			r.errs.Add(fmt.Errorf("%s is a host, and hosts are attached to nodes that forward", r.network.Nodes[i].Name))
		case !slices.Contains(all, i):
			all = append(all, i)
		}
	}
	return all
}

// find is the index of the node that has a name, a label or an ID.
func (r *resolver) find(name string) (int, bool) {
	if i, ok := r.index[name]; ok {
		return i, true
	}
	for i := range r.graph.Nodes {
		n := &r.graph.Nodes[i]
		if at, taken := r.byID[n.ID]; taken && n.Label == name {
			return at, true
		}
	}
	i, ok := r.byID[name]
	return i, ok
}

// components numbers the parts that have no link between them, in the order of their first nodes: of each node its
// part, and the number of nodes in each.
func (g *Graph) components() (part, sizes []int) {
	index := make(map[string]int, len(g.Nodes))
	parent := make([]int, len(g.Nodes))
	for i := range g.Nodes {
		index[g.Nodes[i].ID], parent[i] = i, i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for i := range g.Links {
		for _, e := range g.Links[i].Ends {
			a, b := root(index[g.Links[i].Ends[0].Node]), root(index[e.Node])
			parent[max(a, b)] = min(a, b)
		}
	}
	part = make([]int, len(g.Nodes))
	for i := range g.Nodes {
		if root(i) == i {
			part[i] = len(sizes)
			sizes = append(sizes, 0)
		} else {
			part[i] = part[root(i)]
		}
		sizes[part[i]]++
	}
	return part, sizes
}

// connected fails where hosts are in several parts of the network.
func (r *resolver) connected() error {
	if r.options.Component == LargestComponent {
		return nil
	}
	hosts := map[int]bool{} // parts that have some
	for i := range r.graph.Nodes {
		if r.network.Nodes[r.byID[r.graph.Nodes[i].ID]].Kind == topology.Host {
			hosts[r.parts[i]] = true
		}
	}
	for i := range r.network.Links {
		for _, end := range r.network.Links[i].Ends {
			if at := r.index[end]; at < len(r.graph.Nodes) && r.network.Links[i].Line == 0 { // attached
				hosts[r.parts[at]] = true
			}
		}
	}
	if len(hosts) < 2 {
		return nil
	}
	return fmt.Errorf("hosts are in %d parts of the network that have no link between them; "+
		"take one of them, as with component: largest", len(hosts))
}
