package canary

import (
	"net/netip"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

// The stations' addresses, of those that are set aside for measuring networks (RFC 2544). Nobody else sees them.
var (
	here  = netip.MustParsePrefix("198.18.0.1/30")
	there = netip.MustParsePrefix("198.18.0.2/30")
)

// network is that of two stations, with these namespaces, at one link without a rate.
func network(name string, spaces [2]netns.Ref) (fabric.Network, error) {
	t := topology.New(name)
	n := fabric.Network{Testbed: name, Topology: t}
	shape := topology.Shape{Delay: Way}
	link := topology.Vertex{Name: "tb-canary", Kind: topology.Link, Shape: [2]topology.Shape{shape, shape}}
	middle, err := t.Add(link)
	if err != nil {
		return n, err
	}
	for i, address := range []netip.Prefix{here, there} {
		id, err := t.Add(topology.Vertex{Name: []string{"tb-canary-here", "tb-canary-there"}[i]})
		if err != nil {
			return n, err
		}
		t.Join(id, middle, 0)
		n.Stations = append(n.Stations, fabric.Station{ID: id, NetNS: spaces[i], Addr: address})
	}
	n.Queues = t.QueueLimits()
	return n, nil
}
