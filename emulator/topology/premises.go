package topology

import "slices"

// Premises are the parts of a topology that hang together without its exchanges and its cloud: the hosts of each, the
// first by name first.
func (t *Topology) Premises() (parts [][]ID) {
	near := t.neighbours()
	seen := make([]bool, len(t.Vertices))
	border := func(id ID) bool {
		v := &t.Vertices[id]
		outside := v.Kind == Exchange || v.Kind == Cloud
		return outside || v.Kind == Link && touches(t, near[id])
	}
	for _, first := range t.ByName(t.Hosts()) {
		if seen[first] {
			continue
		}
		seen[first] = true
		var part []ID
		for next := []ID{first}; len(next) > 0; {
			id := next[len(next)-1]
			next = next[:len(next)-1]
			if t.Vertices[id].Kind == Host {
				part = append(part, id)
			}
			for _, to := range near[id] {
				if !seen[to] && !border(to) {
					seen[to] = true
					next = append(next, to)
				}
			}
		}
		parts = append(parts, part)
	}
	return parts
}

// touches says whether one of the vertices is an exchange or the cloud: a link there leads out of the premises.
func touches(t *Topology, near []ID) bool {
	return slices.ContainsFunc(near, func(id ID) bool {
		kind := t.Vertices[id].Kind
		return kind == Exchange || kind == Cloud
	})
}
