package placement

import (
	"slices"
	"strings"

	"testbed/emulator/topology"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// Share is what the hosts of one class execute of a workload.
type Share struct {
	Class      string `json:"class"`
	Hosts      int    `json:"hosts"`      // of the class
	May        int    `json:"may"`        // of them, those that may execute functions
	Executed   int    `json:"executed"`   // of those, hosts on which at least one task was placed
	Tasks      int    `json:"tasks"`      // placed on them
	Operations int64  `json:"operations"` // of those tasks
}

// Shares are those of all classes of hosts, in the order of their names; may lists the hosts that may execute
// functions.
func (p *Placement) Shares(t *topology.Topology, jobs []workload.Job, may []topology.ID) []Share {
	by := map[string]*Share{}
	of := func(id topology.ID) *Share {
		class := t.Vertices[id].Class
		if by[class] == nil {
			by[class] = &Share{Class: class}
		}
		return by[class]
	}
	for _, id := range t.Hosts() {
		s := of(id)
		s.Hosts++
		if slices.Contains(may, id) {
			s.May++
		}
		if p.Load[id] > 0 {
			s.Executed++
		}
	}
	for job, nodes := range p.Node {
		for task, id := range nodes {
			s := of(id)
			s.Tasks++
			s.Operations = units.Add(s.Operations, jobs[job].Tasks[task].Ops)
		}
	}
	var all []Share
	for _, s := range by {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Share) int { return strings.Compare(a.Class, b.Class) })
	return all
}
