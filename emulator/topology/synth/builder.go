package synth

import (
	"fmt"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// builder collects vertices and edges in the order in which ether's cells connect them, which is the
// order in which ether writes them.
type builder struct {
	vertices []topology.Vertex
	index    map[string]int
	next     [][]int // next[v]: the vertices that an edge from v leads to
	counters map[string]int
}

func newBuilder() *builder {
	return &builder{index: map[string]int{}, counters: map[string]int{}}
}

// nextNumber counts things of a kind, from 0.
func (b *builder) nextNumber(kind string) int {
	b.counters[kind]++
	return b.counters[kind] - 1
}

// vertex finds or makes a vertex by name.
func (b *builder) vertex(v topology.Vertex) int {
	if i, known := b.index[v.Name]; known {
		return i
	}
	b.index[v.Name] = len(b.vertices)
	b.vertices = append(b.vertices, v)
	b.next = append(b.next, nil)
	return len(b.vertices) - 1
}

func (b *builder) arc(from, to topology.Vertex) {
	f, t := b.vertex(from), b.vertex(to)
	b.next[f] = append(b.next[f], t)
}

func (b *builder) join(x, y topology.Vertex) {
	b.arc(x, y)
	b.arc(y, x)
}

func switchOf(name string) topology.Vertex {
	return topology.Vertex{Name: "switch_" + name, Kind: topology.Switch}
}

func exchange(name string) topology.Vertex {
	return topology.Vertex{Name: "internet_" + name, Kind: topology.Exchange}
}

func link(name string, kind topology.LinkType, rate units.BitRate) topology.Vertex {
	v := topology.Vertex{Name: name, Kind: topology.Link, LinkType: kind}
	v.Shape[0].Rate = rate
	if kind == topology.Duplex {
		v.Shape[1].Rate = rate
	}
	return v
}

// machine describes a kind of host; the figures are ether's.
type machine struct {
	name   string
	memory units.ByteSize
	cpu    int64 // thousandths of a core
	arch   string
	kind   string
	model  string
}

var (
	nuc    = machine{"nuc", 16 * units.GiB, 4000, "x86", "sffc", "nuci5"}
	tx2    = machine{"tx2", 8047252 * units.KiB, 4000, "aarch64", "embai", "nvidia_jetson_tx2"}
	pi     = machine{"rpi3", 999036 * units.KiB, 4000, "arm32", "sbc", "rpi3b+"}
	server = machine{"server", 188 * units.GB, 88000, "x86", "server", "server"}
)

// hosts adds count hosts of a kind, each behind its own access link, to a switch or medium.
func (b *builder) hosts(m machine, count int, rate units.BitRate, to topology.Vertex) {
	for range count {
		name := fmt.Sprintf("%s_%d", m.name, b.nextNumber(m.name))
		host := topology.Vertex{
			Name: name, Kind: topology.Host, Memory: m.memory, CPU: m.cpu, Arch: m.arch, Type: m.kind, Model: m.model,
		}
		access := link("link_"+name, topology.Duplex, rate)
		b.join(host, access)
		b.join(access, to)
	}
}

// lan names a new LAN: lan_0 ...
func (b *builder) lan() string { return fmt.Sprintf("lan_%d", b.nextNumber("lan")) }

// access connects a switch or medium to a place further in by an up and a down link.
func (b *builder) access(name string, up, down units.BitRate, from, to topology.Vertex) {
	u := link("up_"+name, topology.Uplink, up)
	d := link("down_"+name, topology.Downlink, down)
	b.arc(from, u)
	b.arc(d, from)
	b.arc(to, d)
	b.arc(u, to)
}

// cloudlet adds racks of servers under one switch, connected to a place further in.
func (b *builder) cloudlet(racks, servers int, host, rate units.BitRate, to topology.Vertex) {
	name := fmt.Sprintf("cloudlet_%d", b.nextNumber("cloudlet"))
	top := switchOf(name)
	for range racks {
		rack := switchOf(b.lan())
		b.hosts(server, servers, host, rack)
		b.join(rack, top)
	}
	b.access(name, rate, rate, top, to)
}

// build puts the vertices in the order that topologies have: hosts, links, and the others as the
// adjacency, read line by line, first names them.
func (b *builder) build(name string) (*topology.Topology, error) {
	t := topology.New(name)
	ids := make([]topology.ID, len(b.vertices))
	add := func(i int) error {
		id, err := t.Add(b.vertices[i])
		ids[i] = id
		return err
	}
	for _, kind := range []topology.Kind{topology.Host, topology.Link} {
		for i := range b.vertices {
			if b.vertices[i].Kind == kind {
				if err := add(i); err != nil {
					return nil, err
				}
			}
		}
	}
	for i := range b.vertices {
		for _, j := range append([]int{i}, b.next[i]...) {
			if _, known := t.Lookup(b.vertices[j].Name); !known {
				if err := add(j); err != nil {
					return nil, err
				}
			}
		}
	}
	for i := range b.vertices {
		t.EdgeOrder = append(t.EdgeOrder, ids[i])
		for _, j := range b.next[i] {
			t.Connect(ids[i], ids[j], 0)
		}
	}
	t.EdgeNetwork = len(t.Vertices)
	t.Classify()
	return t, nil
}
