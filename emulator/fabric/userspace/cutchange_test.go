package userspace

import (
	"net/netip"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/machines"
	"testbed/emulator/topology"
)

// triangle is a switch on each of three machines, with a link between each two, and a host at the first and the last.
func triangle(t *testing.T) (fabric.Network, *machines.Partition) {
	top := topology.New("triangle")
	n := fabric.Network{Testbed: "t", Topology: top, Seed: 1}
	p := &machines.Partition{Of: map[string]int{}, Floor: time.Millisecond}
	add := func(v topology.Vertex) topology.ID {
		id, err := top.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	join := func(name string, a, b topology.ID, delay time.Duration) {
		s := topology.Shape{Delay: delay}
		link := add(topology.Vertex{Name: name, Kind: topology.Link, Shape: [2]topology.Shape{s, s}})
		top.Join(link, a, 0)
		top.Join(link, b, 0)
	}
	var at [3]topology.ID
	for i, name := range []string{"s0", "s1", "s2"} {
		at[i] = add(topology.Vertex{Name: name, Kind: topology.Switch})
		p.Of[name] = i
		p.Machines = append(p.Machines, machines.Machine{ID: name})
	}
	for i, name := range []string{"a", "b"} {
		id := add(topology.Vertex{Name: name})
		p.Of[name] = 2 * i
		addr := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
		n.Stations = append(n.Stations, fabric.Station{ID: id, Addr: netip.PrefixFrom(addr, 16)})
		join(name+"-s", id, at[2*i], 0)
	}
	join("s0-s1", at[0], at[1], 2*time.Millisecond)
	join("s1-s2", at[1], at[2], 2*time.Millisecond)
	join("s0-s2", at[0], at[2], 9*time.Millisecond)
	return n, p
}

// reshape puts the shapes of n in force on one machine.
func (d *divided) reshape(machine int, n fabric.Network) {
	d.t.Helper()
	s, err := stateOf(n)
	if err != nil {
		d.t.Fatal(err)
	}
	m := d.cores[machine]
	next, _, err := m.table.withState(s)
	if err != nil {
		d.t.Fatal(err)
	}
	m.install(next, m.now)
}

// Paths change while packets are on their way, in one machine after the other: whoever is first, none is lost.
func TestChangesOfPathsLoseNothing(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}} {
		n, p := triangle(t)
		d := newDivided(t, n, p)
		changed := n
		top := *n.Topology
		top.Vertices = append([]topology.Vertex(nil), n.Topology.Vertices...)
		for i := range top.Vertices {
			if top.Vertices[i].Name == "s1-s2" {
				top.Vertices[i].Shape[0].Delay, top.Vertices[i].Shape[1].Delay = 50*time.Millisecond, 50*time.Millisecond
			}
		}
		changed.Topology = &top
		const count = 300
		for i := range count {
			if at := i - 100; at >= 0 && at%30 == 0 && at/30 < len(order) {
				d.run(int64(i) * ms / 10)
				d.reshape(order[at/30], changed)
			}
			d.send(int64(i)*ms/10, 0, frame(0, 1, 100, byte(i)))
		}
		d.run(1000 * ms)
		strays := uint64(0)
		for _, of := range d.got {
			for _, from := range of {
				strays += from.strays
			}
		}
		if got := len(d.cores[2].sent); got != count || strays > 0 {
			t.Errorf("changed in the order %v: %d of %d arrive, %d strays", order, got, count, strays)
		}
	}
}

// Where machines' paths differ for long, what they hand to one another ends with its time to live.
func TestPacketsDoNotGoRoundForEver(t *testing.T) {
	n, p := triangle(t)
	d := newDivided(t, n, p)
	changed := n
	top := *n.Topology
	top.Vertices = append([]topology.Vertex(nil), n.Topology.Vertices...)
	for i := range top.Vertices {
		if top.Vertices[i].Name == "s1-s2" {
			top.Vertices[i].Shape[0].Delay = 50 * time.Millisecond
		}
	}
	changed.Topology = &top
	d.reshape(1, changed) // s1 sends what is for b back to s0, and s0 to s1
	for range 10 {
		d.send(0, 0, frame(0, 1, 100, 0))
	}
	d.run(10_000 * ms)
	if d.wires > 10*64 || d.wires < 100 {
		t.Errorf("10 packets crossed %d times", d.wires)
	}
	if got := d.got[0][1].strays + d.got[1][0].strays; got != 10 || len(d.cores[2].sent) > 0 {
		t.Errorf("%d strays of 10", got)
	}
	for i, m := range d.cores {
		if len(m.events) > 0 {
			t.Errorf("machine %d holds %d packets for ever", i, len(m.events))
		}
	}
}
