package scenario

import (
	"slices"

	"testbed/emulator/topology"
)

// MachinePin says which machine carries the nodes of one name, class or model.
type MachinePin struct {
	Name string `yaml:",key"`
	// The machine's name, as --machines gives it or the Swarm knows it.
	Machine string `yaml:"machine,short,required,names" pattern:"machine"`
	// Whether it carries all of the hosts' premises, too: each part of the topology that hangs together without the
	// exchanges. Hosts that are listed themselves go where that says.
	Premises bool `yaml:"premises" default:"false"`
}

// PinnedNode is a node whose machine the scenario gives.
type PinnedNode struct {
	Node    topology.ID
	Machine string // its name
	Where   string // FILE:LINE:COLUMN and path of what says so
}

// Pinned lists the nodes whose machine the scenario gives, in the topology's order.
func (s *Scenario) Pinned(t *topology.Topology) []PinnedNode {
	if len(s.Machines) == 0 && !slices.ContainsFunc(s.File.Topology.Nodes, func(n Node) bool { return n.Machine != "" }) {
		return nil
	}
	var pinned []PinnedNode
	own := make([]bool, len(t.Vertices))
	whole := map[topology.ID]*MachinePin{} // by host: what has its premises with it
	for i := range t.Vertices {
		v := &t.Vertices[i]
		if v.Kind == topology.Link {
			continue
		}
		machine, path := s.File.machineOf(v)
		if machine == "" {
			continue
		}
		own[i] = true
		pinned = append(pinned, PinnedNode{topology.ID(i), machine, s.at(path)})
		if rule := s.File.machineRule(v); rule >= 0 && s.Machines[rule].Premises && v.Kind == topology.Host {
			whole[topology.ID(i)] = &s.Machines[rule]
		}
	}
	if len(whole) > 0 {
		for _, part := range t.Premises() {
			at := slices.IndexFunc(part, func(id topology.ID) bool { return whole[id] != nil })
			if at < 0 {
				continue
			}
			rule := whole[part[at]]
			for _, id := range part {
				if !own[id] {
					pinned = append(pinned, PinnedNode{id, rule.Machine, s.at(join("machines", rule.Name))})
				}
			}
		}
	}
	slices.SortStableFunc(pinned, func(a, b PinnedNode) int { return int(a.Node - b.Node) })
	return pinned
}

// machineOf is the machine that a node is to be on, empty for any, and the path of what says so.
func (f *File) machineOf(v *topology.Vertex) (machine, path string) {
	for i := range f.Topology.Nodes {
		if n := &f.Topology.Nodes[i]; n.Name == v.Name && n.Machine != "" {
			return n.Machine, join(join("topology.nodes", n.Name), "machine")
		}
	}
	if i := f.machineRule(v); i >= 0 {
		return f.Machines[i].Machine, join("machines", f.Machines[i].Name)
	}
	return "", ""
}

// machineRule is the index of the element of machines that is for a node; -1 where none is.
func (f *File) machineRule(v *topology.Vertex) int {
	names := []string{v.Name}
	if v.Kind == topology.Host {
		names = append(names, v.Class, v.Model)
	}
	for _, name := range names {
		if i := slices.IndexFunc(f.Machines, func(m MachinePin) bool { return m.Name == name }); i >= 0 {
			return i
		}
	}
	return -1
}

// checkMachines holds the keys of machines against the nodes.
func (d *decoder) checkMachines(f *File, n vocabulary) {
	for _, m := range f.Machines {
		path := join("machines", m.Name)
		_, node := n.nodes[m.Name]
		host := slices.Contains(n.clients, m.Name)
		switch {
		case !node && !host && !d.uncertain("nodes", m.Name):
			known := slices.Concat(n.clients, keys(n.nodes))
			d.failAt(path, suggest(m.Name, slices.Compact(slices.Sorted(slices.Values(known)))),
				"there is no node of the name, class or model %q", m.Name)
		case m.Premises && node && !host:
			d.failAt(path, "name a host, a class or a model", "%q is no host, and has no premises", m.Name)
		}
	}
}
