package fabric

import "testbed/emulator/topology"

// Users names the neighbours of link whose packets join the queue c, comma separated, for QueueStatus.From.
func Users(t *topology.Topology, c topology.Channel) string {
	link := t.Vertices[c.Link]
	if link.LinkType == topology.Duplex && len(t.Adjacency[c.Link]) == 2 {
		return t.Vertices[t.Adjacency[c.Link][c.Dir].To].Name
	}
	names := ""
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			if e.To != c.Link {
				continue
			}
			if names != "" {
				names += ","
			}
			names += t.Vertices[v].Name
		}
	}
	return names
}

// Channels lists every queue of the topology: links in order, the first direction before the second.
func Channels(t *topology.Topology) []topology.Channel {
	var all []topology.Channel
	for _, id := range t.Links() {
		all = append(all, topology.Channel{Link: id})
		if t.Vertices[id].LinkType == topology.Duplex {
			all = append(all, topology.Channel{Link: id, Dir: 1})
		}
	}
	return all
}
