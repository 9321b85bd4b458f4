package netem

import (
	"errors"
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
	return l.walkTo(t, tables, from, to, -1)
}

// walkTo is walk, which ends in a space besides.
func (l *layout) walkTo(
	t *testing.T, tables []map[netip.Prefix]target, from int, to netip.Addr, at int,
) (end int, told bool) {
	t.Helper()
	for range 20 {
		if s := l.spaces[from]; from == at || s.station >= 0 && s.address.Addr() == to {
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

// Networks that stations' routes lead to are found from the namespaces on their way; what contradicts that is refused.
func TestRoutesByWayOfStations(t *testing.T) {
	p := netip.MustParsePrefix
	base := func() *fabric.Network { return tree(t, 14) } // h0, h1 at s0, h2, h3 at s1, below s0, ..., h12, h13 at s6
	n := base()
	via := n.Stations[13]
	n.Stations[13].Addresses = []netip.Prefix{p("10.9.0.1/24")}
	n.Stations[0].Routes = []fabric.Route{
		{To: p("10.9.0.0/16"), Via: via.ID}, {To: p("10.64.0.2/32"), Via: n.Stations[1].ID},
	}
	n.Stations[5].Routes = []fabric.Route{{To: p("10.9.0.0/16"), Via: via.ID}}
	l, err := newLayout(n)
	if err != nil {
		t.Fatal(err)
	}
	tables := make([]map[netip.Prefix]target, len(l.spaces))
	for i := range tables {
		tables[i] = l.table(n, i)
		for to, where := range l.further(n, i, tables[i][anywhere]) {
			tables[i][to] = where
		}
	}
	end := l.index[via.ID]
	for _, from := range []int{0, 5} { // what r's network is, nobody but r knows
		i := l.index[n.Stations[from].ID]
		for _, to := range []string{"10.9.7.7", "10.9.0.1"} {
			if got, _ := l.walkTo(t, tables, i, netip.MustParseAddr(to), end); got != end {
				t.Errorf("from h%d, a packet for %s ends in %d", from, to, got)
			}
		}
	}
	for i := range l.spaces {
		if got, _ := l.walkTo(t, tables, i, netip.MustParseAddr("10.9.0.1"), end); got != end {
			t.Errorf("from %d, a packet for a further address ends in %d", i, got)
		}
	}
	for want, change := range map[string]func(n *fabric.Network){
		"other hosts' routes to it lead elsewhere": func(n *fabric.Network) {
			n.Stations[1].Routes = []fabric.Route{{To: p("10.9.0.0/16"), Via: n.Stations[2].ID}}
		},
		"h1 has none but the one to 10.0.0.0/8": func(n *fabric.Network) {
			n.Stations[1].Routes = []fabric.Route{{To: p("10.0.0.0/8"), Via: n.Stations[2].ID}}
		},
		"10.9.0.9 of h2 is elsewhere": func(n *fabric.Network) {
			n.Stations[2].Addresses = []netip.Prefix{p("10.9.0.9/24")}
		},
		"h3 is elsewhere": func(n *fabric.Network) {
			n.Stations[0].Routes = []fabric.Route{{To: p("10.64.0.4/32"), Via: n.Stations[13].ID}}
		},
	} {
		n := base()
		n.Stations[0].Routes = []fabric.Route{{To: p("10.9.0.0/16"), Via: n.Stations[13].ID}}
		change(n)
		if _, err := newLayout(n); !errors.Is(err, fabric.ErrNotSupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// What forwards says of those behind something that is down that they are unreachable.
func TestTablesOfWhatIsDown(t *testing.T) {
	n := tree(t, 14)
	l, err := newLayout(n)
	if err != nil {
		t.Fatal(err)
	}
	id := func(name string) topology.ID {
		id, ok := n.Topology.Lookup(name)
		if !ok {
			t.Fatal(name)
		}
		return id
	}
	at, far := l.index[id("s0")], n.Stations[13].Addr.Addr() // s0 - s2 - s6 - h13
	for _, down := range []string{fmt.Sprintf("%d-%d", id("s0"), id("s2")), "s2"} {
		n.Down = []topology.ID{id(down)}
		if got, _ := lookup(l.table(n, at), far); got != unreachable {
			t.Errorf("%s is down: s0 sends packets for h13 to %+v", down, got)
		}
		if got, _ := lookup(l.table(n, at), n.Stations[2].Addr.Addr()); got.port < 0 {
			t.Errorf("%s is down: s0 sends packets for h2 to %+v", down, got)
		}
	}
	n.Down = []topology.ID{id("h13")}
	if got, _ := lookup(l.table(n, at), far); got.port < 0 {
		t.Errorf("h13 is down: s0, which is not beside it, sends its packets to %+v", got)
	}
	if got, _ := lookup(l.table(n, l.index[id("s6")]), far); got != unreachable {
		t.Errorf("h13 is down: s6 sends its packets to %+v", got)
	}
}
