package scenario

import (
	"slices"

	"testbed/emulator/topology"
)

// checkPaths reports, at their own places, the hosts of a written topology that others cannot reach or
// that cannot reach others: O(hosts · edges), for hosts do not forward and so reaching is not transitive.
func (d *decoder) checkPaths(t *topology.Topology) {
	ends := t.Attached()
	if len(ends) < 2 {
		return
	}
	const report = 50
	reached := make([][]bool, len(ends))
	counts := make([]int, len(ends))
	for i, id := range ends {
		reached[i] = reach(t, id)
		for _, other := range ends {
			if reached[i][other] {
				counts[i]++
			}
		}
	}
	// The node that reaches most stands for the network from which the others are cut off.
	best := slices.Index(counts, slices.Max(counts))
	found := 0
	for i, id := range ends {
		switch {
		case !reached[best][id]:
			d.cutOff(t, ends[best], id)
			found++
		case !reached[i][ends[best]]:
			d.cutOff(t, id, ends[best])
			found++
		}
		if found >= report {
			return
		}
	}
	for i := range ends {
		for k, to := range ends {
			if found == 0 && !reached[i][to] {
				d.cutOff(t, ends[i], ends[k])
				return
			}
		}
	}
}

// cutOff reports that there is no path, at the place of the one that is written out.
func (d *decoder) cutOff(t *topology.Topology, from, to topology.ID) {
	a, b := t.Vertices[from].Name, t.Vertices[to].Name
	path := join("topology.nodes", b)
	if _, here := d.where[path]; !here {
		path = join("topology.nodes", a)
	}
	d.failAt(path, "connect them by links through switches (hosts do not forward)",
		"the network is disconnected: there is no path from %s to %s", a, b)
}

// reach marks the vertices that packets from start get to.
func reach(t *topology.Topology, start topology.ID) []bool {
	reached := make([]bool, len(t.Vertices))
	reached[start] = true
	for todo := []topology.ID{start}; len(todo) > 0; {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if v != start && t.Vertices[v].Kind.Attached() {
			continue
		}
		for _, e := range t.Adjacency[v] {
			if !reached[e.To] {
				reached[e.To] = true
				todo = append(todo, e.To)
			}
		}
	}
	return reached
}
