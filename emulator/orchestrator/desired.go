package orchestrator

import (
	"fmt"
	"net/netip"
	"strings"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// DefaultSubnet is the network of every testbed's stations. Testbeds do not see each other, nor the host, so
// all use the same.
var DefaultSubnet = topology.Subnet

// subnet is the network of this host's testbeds.
func (h *Host) subnet() netip.Prefix {
	if h.Subnet.IsValid() {
		return h.Subnet
	}
	return DefaultSubnet
}

// FunctionPort is the TCP port of every node's FaaS.
const FunctionPort = 8080

// Station is one attached vertex with its address.
type Station struct {
	ID   topology.ID
	Name string
	// Addr is its IPv4 address; Addr6, its IPv6 one, follows from that and the network's prefix.
	Addr, Addr6 netip.Addr
	// Alias is a second name, with hyphens, where strict software does not take the first for a host name.
	Alias string
}

// Stations gives every host and the cloud an address of the default subnet, in the topology's order. It fails
// where the subnet is too small.
func Stations(t *topology.Topology) ([]Station, error) { return stationsIn(DefaultSubnet, t, nil) }

// stationsIn gives the hosts that are known the addresses that they have, and others the lowest that are free.
func stationsIn(subnet netip.Prefix, t *topology.Topology, known map[string]netip.Addr) ([]Station, error) {
	ids := t.Attached()
	if limit := 1<<(32-subnet.Bits()) - 2; len(ids) > limit {
		return nil, fmt.Errorf("the topology has %d hosts; an emulated network holds %d at most", len(ids), limit)
	}
	stations, taken, aliases := make([]Station, len(ids)), map[netip.Addr]bool{}, t.Aliases()
	for i, id := range ids {
		name := t.Vertices[id].Name
		stations[i] = Station{ID: id, Name: name, Addr: known[name], Alias: aliases[id]}
		taken[stations[i].Addr] = true
	}
	addr := subnet.Addr()
	for i := range stations {
		if stations[i].Addr.IsValid() {
			continue
		}
		for addr = addr.Next(); taken[addr]; {
			addr = addr.Next()
		}
		stations[i].Addr = addr
	}
	for i := range stations {
		stations[i].Addr6 = fabric.Addr6(netip.PrefixFrom(stations[i].Addr, subnet.Bits())).Addr()
	}
	return stations, nil
}

// hostsFile is the content of /etc/hosts in every node.
func hostsFile(stations []Station) string {
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n::1 localhost ip6-localhost\n")
	for _, s := range stations {
		fmt.Fprintln(&b, strings.TrimSuffix(fmt.Sprintf("%s %s %s", s.Addr, s.Name, s.Alias), " "))
	}
	for _, s := range stations { // behind the others, so that a table of names and IPv4 addresses is as it always was
		fmt.Fprintln(&b, strings.TrimSuffix(fmt.Sprintf("%s %s %s", s.Addr6, s.Name, s.Alias), " "))
	}
	return b.String()
}

// ReceiveWindow is the window, in bytes, that the nodes' TCP offers from the start: half of its receive
// buffer. It is more than any bandwidth-delay product that a laptop emulates, so that only congestion
// control limits a connection.
const ReceiveWindow = 8 * units.MiB

// TCP are the settings of the nodes' TCP stack.
type TCP struct {
	Congestion         string // e.g. cubic
	SlowStartAfterIdle bool
}

// Sysctls are what a station's namespace gets: the scenario's TCP settings, buffers that no
// bandwidth-delay product of the topology outgrows, and no memory of earlier connections.
func (c TCP) Sysctls() map[string]string {
	idle := "0"
	if c.SlowStartAfterIdle {
		idle = "1"
	}
	return map[string]string{
		"net/ipv4/tcp_congestion_control":    c.Congestion,
		"net/ipv4/tcp_slow_start_after_idle": idle,
		"net/ipv4/tcp_no_metrics_save":       "1",
		"net/ipv4/tcp_rmem":                  fmt.Sprintf("4096 %d %d", 2*ReceiveWindow, 8*ReceiveWindow),
		"net/ipv4/tcp_wmem":                  fmt.Sprintf("4096 %d %d", ReceiveWindow, 8*ReceiveWindow),
		"net/ipv4/ping_group_range":          "0 2147483647",
	}
}

// network is the fabric's part of the desired state.
func network(
	testbed string, subnet netip.Prefix, t *topology.Topology, stations []Station, tcp TCP, seed uint64,
	spaces map[string]netns.Ref,
) fabric.Network {
	want := fabric.Network{Testbed: testbed, Topology: t, Queues: t.QueueLimits(), Seed: seed}
	for _, s := range stations {
		want.Stations = append(want.Stations, fabric.Station{
			ID: s.ID, NetNS: spaces[s.Name],
			Addr:    netip.PrefixFrom(s.Addr, subnet.Bits()),
			Sysctls: tcp.Sysctls(),
		})
	}
	return want
}

// Routing is what a host has beside its own address.
type Routing struct {
	Addresses []netip.Prefix // further ones, each with the prefix of its network
	Routes    []RouteTo
	Forwards  bool // it sends on what is for others
}

// RouteTo is a host's way to a network.
type RouteTo struct {
	To  netip.Prefix `json:"to"`
	Via string       `json:"via"` // the host by way of which it leads
}

// network is the fabric's part of what a request wants of these stations.
func (r *Request) network(subnet netip.Prefix, stations []Station, spaces map[string]netns.Ref) fabric.Network {
	want := network(r.Testbed, subnet, r.Topology, stations, r.TCP, r.Seed, spaces)
	want.ARP = r.ARP
	if len(r.Routing) == 0 {
		return want
	}
	ids := map[string]topology.ID{}
	for _, s := range stations {
		ids[s.Name] = s.ID
	}
	for i := range want.Stations {
		of, s := r.Routing[stations[i].Name], &want.Stations[i]
		s.Addresses, s.Forwards = of.Addresses, of.Forwards
		for _, to := range of.Routes {
			via, known := ids[to.Via]
			if !known {
				via = fabric.None // which the fabric refuses
			}
			s.Routes = append(s.Routes, fabric.Route{To: to.To, Via: via})
		}
	}
	return want
}

// Desired is what Up would make, without the kernel's part of it (processes, namespaces).
type Desired struct {
	Testbed string               `json:"testbed"`
	Runtime string               `json:"runtime"`
	Fabric  string               `json:"fabric"`
	Nodes   []NodeRecord         `json:"nodes"`
	Links   []fabric.QueueStatus `json:"links"`
}

// Desired computes what Up would make.
func (r *Request) Desired() (*Desired, error) {
	stations, err := Stations(r.Topology)
	if err != nil {
		return nil, err
	}
	nodes := records(r.Topology, stations, r.configs(Store(""), stations), nil, r.Spread)
	d := &Desired{Testbed: r.Testbed, Runtime: r.Runtime, Fabric: r.Fabric, Nodes: nodes}
	limits := r.Topology.QueueLimits()
	for _, id := range r.Topology.Links() {
		v := r.Topology.Vertices[id]
		for dir := range 2 {
			limit, exists := limits[topology.Channel{Link: id, Dir: dir}]
			if !exists {
				continue
			}
			shape := v.Shape[dir]
			d.Links = append(d.Links, fabric.QueueStatus{Link: v.Name, Dir: dir, Rate: shape.Rate, Delay: shape.Delay,
				Jitter: shape.Jitter, Loss: shape.Loss, Limit: limit})
		}
	}
	return d, nil
}
