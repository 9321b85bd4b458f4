package statesim

import (
	"fmt"
	"slices"

	"testbed/emulator/internal/printable"
	"testbed/emulator/placement"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// Assumptions are what the published simulator takes for granted, and can be taken otherwise. The zero value is the
// published simulator.
type Assumptions struct {
	// Alone has each task use its node alone, as at the trace's arrivals, where seldom two chains are under way at once;
	// published: all jobs are simultaneous, and a node's speed is divided by all tasks that are ever placed on it.
	Alone bool `json:",omitempty"`
	// Idle has the allocator find the nodes idle, for the same reason; published: it counts all tasks placed so far.
	Idle bool `json:",omitempty"`
	// OwnStates has the allocator count the states that the execution model's calls carry; published: all of the job's,
	// whatever the model.
	OwnStates bool `json:",omitempty"`
	// CloudPath counts all links on the way to the cloud, which is behind the exchange that the uplinks lead to, in its
	// traffic; published: one.
	CloudPath bool `json:",omitempty"`
	// Central names the host that keeps in-edge's states; published: of those that are central, the first by name.
	Central string `json:",omitempty"`
	// Premises has in-edge keep a client's states in its own premises, which is all that is connected without up- and
	// downlinks: on the first host by name that ties for being central; published: on one host, for all clients.
	Premises bool `json:",omitempty"`
	// Worker charges the way between worker and states; published: that between client and states, whoever uses them.
	Worker bool `json:",omitempty"`
	// GPUFunctions is how many functions need a GPU at least, the last by name; published: as many as the GPUs' share of
	// all speed rounds to, which is none.
	GPUFunctions int `json:",omitempty"`
}

// assume prepares what differs from the published simulator.
func (s *Simulator) assume(paths *simnet.Network) error {
	a := &s.config.Assumptions
	central, err := paths.Centrals()
	if err != nil {
		return err
	}
	s.central = central[0]
	if a.Central != "" {
		id, known := s.config.Topology.Lookup(a.Central)
		if !known || s.node[id] < 0 {
			return fmt.Errorf("there is no host %s that could keep states", a.Central)
		}
		s.central = id
	}
	if a.Premises {
		s.stores = map[topology.ID]topology.ID{}
		for _, store := range slices.Backward(central) { // the first is written last
			for _, neighbour := range premises(s.config.Topology, store) {
				s.stores[neighbour] = store
			}
		}
	}
	if a.CloudPath {
		if s.cloudLinks, err = exchangeLinks(s.config.Topology); err != nil {
			return err
		}
	}
	functions := s.allocator.Functions(workload.FunctionNames(s.config.Functions))
	if err := a.gpu(functions); err != nil {
		return err
	}
	s.affinities = placement.AffinitiesOf(s.config.Pool, functions)
	return nil
}

// gpu moves the last functions by name to the GPUs, until there are enough.
func (a *Assumptions) gpu(functions map[string]placement.Affinity) error {
	if a.GPUFunctions > len(functions) {
		return fmt.Errorf("of %s %d cannot need a GPU", printable.Count(len(functions), "function"), a.GPUFunctions)
	}
	var names []string
	need := a.GPUFunctions
	for name, affinity := range functions {
		if names = append(names, name); affinity == placement.GPU {
			need--
		}
	}
	slices.Sort(names)
	slices.Reverse(names)
	for _, name := range names {
		if need > 0 && functions[name] != placement.GPU {
			functions[name] = placement.GPU
			need--
		}
	}
	return nil
}

// exchangeLinks are the links between each host and a cloud behind the exchange, its own included: the switch that the
// first uplink leads to.
func exchangeLinks(t *topology.Topology) (map[topology.ID]int64, error) {
	exchange := topology.ID(-1)
	for i, v := range t.Vertices[:t.EdgeSize()] {
		if v.Kind == topology.Link && v.LinkType == topology.Uplink && len(t.Adjacency[i]) > 0 {
			exchange = t.Adjacency[i][0].To
			break
		}
	}
	if exchange < 0 {
		return nil, fmt.Errorf("the topology has no uplink, so that there is no exchange at which the cloud could be")
	}
	links := map[topology.ID]int64{}
	for _, host := range t.Hosts() {
		n, ok := linksBetween(t, host, exchange)
		if !ok {
			return nil, fmt.Errorf("%s has no way to %s", t.Vertices[host].Name, t.Vertices[exchange].Name)
		}
		links[host] = n + 1
	}
	return links, nil
}

// premises are the vertices that a host is connected with without up- and downlinks, itself included.
func premises(t *topology.Topology, host topology.ID) []topology.ID {
	seen, reached := map[topology.ID]bool{host: true}, []topology.ID{host}
	for i := 0; i < len(reached); i++ {
		for _, e := range t.Adjacency[reached[i]] {
			v := &t.Vertices[e.To]
			directed := v.Kind == topology.Link && (v.LinkType == topology.Uplink || v.LinkType == topology.Downlink)
			if int(e.To) < t.EdgeSize() && !directed && !seen[e.To] {
				seen[e.To] = true
				reached = append(reached, e.To)
			}
		}
	}
	return reached
}

// linksBetween is the smallest number of links on a way through the edge network.
func linksBetween(t *topology.Topology, from, to topology.ID) (int64, bool) {
	seen, now := map[topology.ID]bool{from: true}, []topology.ID{from}
	for links := int64(0); len(now) > 0; links++ {
		var next []topology.ID
		for len(now) > 0 {
			v := now[0]
			if now = now[1:]; v == to {
				return links, true
			}
			for _, e := range t.Adjacency[v] {
				if int(e.To) >= t.EdgeSize() || seen[e.To] {
					continue
				}
				if seen[e.To] = true; t.Vertices[e.To].Kind == topology.Link {
					next = append(next, e.To)
				} else {
					now = append(now, e.To)
				}
			}
		}
		now = next
	}
	return 0, false
}
