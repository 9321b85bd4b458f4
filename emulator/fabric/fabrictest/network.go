// Package fabrictest holds the conformance suite that every fabric passes: what a network does to packets
// is measured inside it and held against what was asked for.
package fabrictest

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
)

// Bench is a network under test: a topology with a namespace for each of its hosts.
type Bench struct {
	fabric.Network
	t      testing.TB
	spaces []*netns.Held
}

// NewBench returns an empty one. The name tells testbeds of concurrent tests apart.
func NewBench(t testing.TB) *Bench {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(t.Name()))
	return &Bench{t: t, Network: fabric.Network{Testbed: name, Topology: topology.New(name), Seed: 1}}
}

// Hosts adds hosts of these names, each with a namespace of its own that goes with the test.
func (b *Bench) Hosts(names ...string) {
	b.t.Helper()
	for _, name := range names {
		b.station(b.vertex(topology.Vertex{Name: name}))
	}
}

// station gives a host its namespace.
func (b *Bench) station(id topology.ID) {
	b.t.Helper()
	ref := b.space()
	n := len(b.spaces)
	b.Stations = append(b.Stations, fabric.Station{
		ID: id, NetNS: ref,
		Addr: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 77, byte(n / 250), byte(n%250 + 1)}), 16),
		Sysctls: map[string]string{
			"net/ipv4/tcp_congestion_control": "cubic",
			"net/ipv4/tcp_no_metrics_save":    "1",
			"net/ipv4/icmp_ratelimit":         "0",
		},
	})
}

// space makes a namespace that goes with the test.
func (b *Bench) space() netns.Ref {
	b.t.Helper()
	space, err := netns.Hold()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = space.Close() })
	b.spaces = append(b.spaces, space)
	ref, err := pin(space.Ref())
	if err != nil {
		b.t.Fatal(err)
	}
	return ref
}

// vacate ends a station's namespace, as its node's death does; occupy puts a new one in its place.
func (b *Bench) vacate(name string) {
	b.t.Helper()
	for _, space := range b.spaces {
		if space.Ref().Path == b.Station(name).NetNS.Path {
			if err := space.Close(); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

func (b *Bench) occupy(name string) { b.t.Helper(); b.Stations[b.index(name)].NetNS = b.space() }

// Remove takes vertices and their stations out; the others get other numbers. Apply puts it in force.
func (b *Bench) Remove(names ...string) {
	b.t.Helper()
	old, now := b.Topology, topology.New(b.Topology.Name)
	moved := map[topology.ID]topology.ID{}
	for i, v := range old.Vertices {
		if slices.Contains(names, v.Name) {
			continue
		}
		id, err := now.Add(v)
		if err != nil {
			b.t.Fatal(err)
		}
		moved[topology.ID(i)] = id
	}
	for i, edges := range old.Adjacency {
		from, stays := moved[topology.ID(i)]
		for _, e := range edges {
			if to, also := moved[e.To]; stays && also {
				now.Connect(from, to, e.Delay)
			}
		}
	}
	var stations []fabric.Station
	for _, s := range b.Stations {
		if id, stays := moved[s.ID]; stays {
			s.ID = id
			stations = append(stations, s)
		}
	}
	b.Topology, b.Stations = now, stations
}

// Cloud attaches the cloud to the hosts there are, each by a link of its own, named cloud_HOST.
func (b *Bench) Cloud(link topology.CloudLink) {
	b.t.Helper()
	if err := b.Topology.AttachCloud(link); err != nil {
		b.t.Fatal(err)
	}
	id, _ := b.Topology.Cloud()
	b.station(id)
}

func (b *Bench) vertex(v topology.Vertex) topology.ID {
	b.t.Helper()
	id, err := b.Topology.Add(v)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

// Switch adds a switch.
func (b *Bench) Switch(name string) { b.vertex(topology.Vertex{Name: name, Kind: topology.Switch}) }

// Cable joins two vertices by a full-duplex link: there shapes what the first sends, back the second.
func (b *Bench) Cable(one, two string, there, back topology.Shape) {
	id := b.vertex(topology.Vertex{Name: one + "-" + two, Kind: topology.Link, Shape: [2]topology.Shape{there, back}})
	b.Topology.Join(id, b.id(one), 0)
	b.Topology.Join(id, b.id(two), 0)
}

// OneWay joins two vertices by a link in one direction.
func (b *Bench) OneWay(name string, typ topology.LinkType, from, to string, shape topology.Shape) {
	id := b.vertex(topology.Vertex{Name: name, Kind: topology.Link, LinkType: typ, Shape: [2]topology.Shape{shape}})
	b.Topology.Connect(b.id(from), id, 0)
	b.Topology.Connect(id, b.id(to), 0)
}

// Medium joins vertices by a shared medium.
func (b *Bench) Medium(name string, shape topology.Shape, stations ...string) {
	id := b.vertex(topology.Vertex{
		Name: name, Kind: topology.Link, LinkType: topology.Shared, Shape: [2]topology.Shape{shape},
	})
	for _, s := range stations {
		b.Topology.Join(id, b.id(s), 0)
	}
}

// SetDown takes vertices down, and all others up; Apply puts it in force.
func (b *Bench) SetDown(names ...string) {
	b.Network.Down = nil
	for _, name := range names {
		b.Network.Down = append(b.Network.Down, b.id(name))
	}
}

// SetPartition parts the stations; Apply puts it in force.
func (b *Bench) SetPartition(groups ...[]string) {
	b.Network.Partition = nil
	for _, names := range groups {
		var group []topology.ID
		for _, name := range names {
			group = append(group, b.id(name))
		}
		b.Network.Partition = append(b.Network.Partition, group)
	}
}

func (b *Bench) id(name string) topology.ID {
	b.t.Helper()
	id, ok := b.Topology.Lookup(name)
	if !ok {
		b.t.Fatalf("no vertex %q", name)
	}
	return id
}

// Station finds a host's station.
func (b *Bench) Station(name string) fabric.Station { b.t.Helper(); return b.Stations[b.index(name)] }

func (b *Bench) index(name string) int {
	b.t.Helper()
	id := b.id(name)
	at := slices.IndexFunc(b.Stations, func(s fabric.Station) bool { return s.ID == id })
	if at < 0 {
		b.t.Fatalf("no station %q", name)
	}
	return at
}

// Apply derives the queues' limits and applies the network to f.
func (b *Bench) Apply(f fabric.Fabric) time.Duration {
	b.t.Helper()
	b.Queues = b.Topology.QueueLimits()
	begin := time.Now()
	if err := f.Apply(b.t.Context(), b.Network); err != nil {
		b.t.Fatal(err)
	}
	return time.Since(begin)
}

// Shape changes the shape of a link's direction; Apply puts it in force.
func (b *Bench) Shape(link string, dir int, shape topology.Shape) {
	b.Topology.Vertices[b.id(link)].Shape[dir] = shape
}
