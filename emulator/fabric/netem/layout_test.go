package netem

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
)

// tree is a network of switches below switches, with hosts at each of them.
func tree(t *testing.T, hosts int) *fabric.Network {
	t.Helper()
	n := &fabric.Network{Topology: topology.New("tree")}
	add := func(v topology.Vertex) topology.ID {
		id, err := n.Topology.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	cable := func(a, b topology.ID) {
		id := add(topology.Vertex{Name: fmt.Sprintf("%d-%d", a, b), Kind: topology.Link})
		n.Topology.Join(id, a, 0)
		n.Topology.Join(id, b, 0)
	}
	var switches []topology.ID
	for i := range 7 {
		switches = append(switches, add(topology.Vertex{Name: fmt.Sprintf("s%d", i), Kind: topology.Switch}))
		if i > 0 {
			cable(switches[(i-1)/2], switches[i])
		}
	}
	at := netip.MustParseAddr("10.64.0.0")
	for i := range hosts {
		id := add(topology.Vertex{Name: fmt.Sprintf("h%d", i)})
		cable(id, switches[i*7/hosts])
		at = at.Next()
		n.Stations = append(n.Stations, fabric.Station{ID: id, Addr: netip.PrefixFrom(at, 16)})
	}
	return n
}

// lookup is where a table sends packets for an address.
func lookup(table map[netip.Prefix]target, to netip.Addr) (target, bool) {
	for bits := 32; bits >= 0; bits-- {
		p, _ := to.Prefix(bits)
		if t, ok := table[p]; ok {
			return t, true
		}
	}
	return target{}, false
}

// walk follows the tables from a space, and says where a packet ends.
func (l *layout) walk(t *testing.T, tables []map[netip.Prefix]target, from int, to netip.Addr) (end int, told bool) {
	t.Helper()
	for range 20 {
		if s := l.spaces[from]; s.station >= 0 && s.address.Addr() == to {
			return from, false
		}
		next, ok := lookup(tables[from], to)
		if !ok || next.port < 0 {
			return from, next.tell
		}
		p := l.spaces[from].ports[next.port]
		from = l.pairs[p.pair].space[1-p.end]
	}
	t.Fatalf("a packet for %s goes around", to)
	return 0, false
}

// Packets for a host reach it from everywhere; those for nobody end in the nearest namespace that forwards, which says
// so.
func TestRoutingTables(t *testing.T) {
	n := tree(t, 100)
	l, err := newLayout(n)
	if err != nil {
		t.Fatal(err)
	}
	tables := make([]map[netip.Prefix]target, len(l.spaces))
	for i := range tables {
		tables[i] = l.table(n, i)
	}
	routes := 0
	for i := range l.spaces {
		for _, s := range n.Stations {
			if end, _ := l.walk(t, tables, i, s.Addr.Addr()); end != l.index[s.ID] {
				t.Errorf("from %d: a packet for %s ends in %d", i, s.Addr, end)
			}
		}
		for _, nobody := range strings.Fields("10.64.0.0 10.64.0.101 10.64.200.1 10.65.0.1 8.8.8.8 255.255.255.255") {
			end, told := l.walk(t, tables, i, netip.MustParseAddr(nobody))
			if !told || l.spaces[end].station >= 0 || l.spaces[i].station < 0 && end != i {
				t.Errorf("from %d: a packet for %s ends in %d (told: %v)", i, nobody, end, told)
			}
		}
		if l.spaces[i].station < 0 {
			routes += len(tables[i])
		}
	}
	if routes > 7*40 {
		t.Errorf("%d routes in 7 switches for 100 hosts, whose addresses are in order", routes)
	}
}

// Numbers change when hosts come and go; what is in the kernel is recognised nevertheless.
func TestIdentityIsInNames(t *testing.T) {
	ids := func(n *fabric.Network) map[string]string {
		l, err := newLayout(n)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for i := range l.pairs {
			all[l.pairs[i].hardware().String()] = l.pairs[i].link
		}
		if len(all) != len(l.pairs) {
			t.Errorf("%d addresses for %d pairs", len(all), len(l.pairs))
		}
		return all
	}
	less, more := tree(t, 20), tree(t, 20)
	extra, err := less.Topology.Add(topology.Vertex{Name: "extra"})
	if err != nil {
		t.Fatal(err)
	}
	less.Stations = append([]fabric.Station{{ID: extra, Addr: netip.MustParsePrefix("10.64.9.9/16")}}, less.Stations...)
	a, b := ids(less), ids(more)
	for address, link := range a {
		if b[address] != link {
			t.Errorf("%s is %s, and %q without the other host", address, link, b[address])
		}
	}
	names := map[string]string{}
	for _, v := range []string{"a", "A", "a/b", "a_b", "..", ".", "-a", "ä", "ö", "a b", string(make([]byte, 300))} {
		name := spaceName(v)
		if other, twice := names[name]; twice || len(name) > 80 || name == "." || name == ".." {
			t.Errorf("%q is called %q, as %q", v, name, other)
		}
		names[name] = v
	}
}
