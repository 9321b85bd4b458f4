package userspace

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/machines"
	"testbed/emulator/topology"
)

// segments is a network of two segments, of two hosts and a switch each, on a machine each with their exchange. The
// exchanges are joined.
func segments(t *testing.T) (fabric.Network, *machines.Partition) {
	t.Helper()
	top := topology.New("segments")
	n := fabric.Network{Testbed: "t", Topology: top, Seed: 1, ARP: true}
	p := &machines.Partition{Machines: []machines.Machine{{ID: "x"}, {ID: "y"}}, Of: map[string]int{}}
	add := func(v topology.Vertex, machine int) topology.ID {
		id, err := top.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		if v.Kind != topology.Link {
			p.Of[v.Name] = machine
		}
		return id
	}
	delay := time.Millisecond
	join := func(a, b topology.ID) {
		delay += 17 * time.Microsecond // no two are the same
		s := topology.Shape{Delay: delay}
		v := topology.Vertex{Name: top.Vertices[a].Name + "-" + top.Vertices[b].Name, Kind: topology.Link,
			Shape: [2]topology.Shape{s, s}}
		link := add(v, 0)
		top.Join(link, a, 0)
		top.Join(link, b, 0)
	}
	var exchanges []topology.ID
	for i := range 2 {
		x := add(topology.Vertex{Name: fmt.Sprint("x", i), Kind: topology.Exchange}, i)
		s := add(topology.Vertex{Name: fmt.Sprint("s", i), Kind: topology.Switch}, i)
		join(s, x)
		for range 2 {
			h := add(topology.Vertex{Name: fmt.Sprint("h", len(n.Stations))}, i)
			addr := netip.AddrFrom4([4]byte{10, 0, 0, byte(len(n.Stations))})
			n.Stations = append(n.Stations, fabric.Station{ID: h, Addr: netip.PrefixFrom(addr, 16)})
			join(h, s)
		}
		exchanges = append(exchanges, x)
	}
	join(exchanges[0], exchanges[1])
	n.Queues = top.QueueLimits()
	return n, p
}

// Where hosts ask for hardware addresses, several machines deliver what one does, as long as each segment is on one.
func TestSegmentsOnSeveralMachines(t *testing.T) {
	n, p := segments(t)
	one, many := newModel(t, n), newDivided(t, n, p)
	random := rand.New(rand.NewPCG(3, 4))
	at := int64(0)
	for i := range 400 {
		at += 1 + random.Int64N(ms)
		from, to := random.IntN(4), random.IntN(4)
		var data []byte
		switch random.IntN(5) {
		case 0:
			data = one.ask(from, netip.AddrFrom4([4]byte{10, 0, 0, byte(random.IntN(6))}))
		case 1:
			data = one.ethernet(from, one.table.ports[to].mac[:], 0x88cc, []byte{byte(i)})
		case 2:
			data = one.ethernet(from, everybody, 0x88cc, []byte{byte(i)})
		default:
			data = sealed(frame(from, to, 60+random.IntN(1000), byte(i)), byte(1+random.IntN(4)))
			copy(data[virtioLen:], one.table.ports[to].mac[:])
			copy(data[virtioLen+6:], one.table.ports[from].mac[:])
		}
		one.send(at, from, bytes.Clone(data))
		many.send(at, from, bytes.Clone(data))
	}
	one.run(at + 1_000*ms)
	many.run(at + 1_000*ms)
	if want, got := describe(one.sent), describe(many.deliveries()); !slices.Equal(got, want) {
		t.Fatalf("%d frames instead of %d: %s", len(got), len(want), firstDifference(got, want))
	}
	many.sameCounters(one)
	if many.wires < 50 {
		t.Errorf("only %d packets crossed", many.wires)
	}
}

func TestSegmentsAreNotSplit(t *testing.T) {
	n, p := segments(t)
	p.Of["h1"] = 1
	table, err := newTable(n, nil)
	if err == nil {
		err = table.divide(p, 0)
	}
	if err == nil || !strings.Contains(err.Error(), "h1-s0") || strings.Contains(err.Error(), "x0-x1") {
		t.Errorf("got %v", err)
	}
	n.ARP = false // and where nobody asks, they are
	if table, err = newTable(n, nil); err == nil {
		err = table.divide(p, 0)
	}
	if err != nil {
		t.Error(err)
	}
}
