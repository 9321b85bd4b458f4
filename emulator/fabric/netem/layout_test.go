package netem

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

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
		"other such hosts' routes to it lead elsewhere": func(n *fabric.Network) {
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
		if _, err := newLayout(n); err != nil {
			t.Errorf("%s, and nobody forwards: %v", want, err)
		}
		n.Stations[0].Forwards, n.Stations[1].Forwards = true, true
		if _, err := newLayout(n); !errors.Is(err, fabric.ErrNotSupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Of what a station sends itself its own routes are for what they name, whatever others' say, and the main table for
// the rest.
func TestStationsWithWaysOfTheirOwn(t *testing.T) {
	p := netip.MustParsePrefix
	n := tree(t, 14)
	to := p("10.9.0.0/16")
	n.Stations[0].Routes = []fabric.Route{{To: to, Via: n.Stations[13].ID}, {To: p("10.8.0.0/16"), Via: n.Stations[1].ID}}
	n.Stations[0].Addresses = []netip.Prefix{p("10.9.5.1/24")}
	n.Stations[1].Routes = []fabric.Route{{To: to, Via: n.Stations[2].ID}}
	n.Stations[3].Forwards, n.Stations[3].Routes = true, []fabric.Route{{To: to, Via: n.Stations[0].ID}}
	l, err := newLayout(n)
	if err != nil {
		t.Fatal(err)
	}
	space := func(name string) int {
		id, ok := n.Topology.Lookup(name)
		if !ok {
			t.Fatal(name)
		}
		return l.index[id]
	}
	towards := func(at, next string) int {
		for port, end := range l.spaces[space(at)].ports {
			if l.pairs[end.pair].space[1-end.end] == space(next) {
				return port
			}
		}
		t.Fatalf("%s is not beside %s", at, next)
		return 0
	}
	at := space("s0") // s0 - s2 - s6 - h13; s0 - s1 - h2
	for station, want := range map[int]*ownWays{
		0: {map[int]bool{towards("s0", "h0"): true}, map[netip.Prefix]int{to: towards("s0", "s2"),
			p("10.8.0.0/16"): towards("s0", "h1"), p("10.9.5.0/24"): -1, p("10.64.0.0/16"): -1,
			fabric.Addr6(n.Stations[0].Addr).Masked(): -1}},
		1: {map[int]bool{towards("s0", "h1"): true}, map[netip.Prefix]int{to: towards("s0", "s1"), p("10.64.0.0/16"): -1,
			fabric.Addr6(n.Stations[1].Addr).Masked(): -1}},
	} {
		if got := l.own[at][station]; !reflect.DeepEqual(got, want) {
			t.Errorf("ways of h%d: %+v, want %+v", station, got, want)
		}
	}
	if port, ok := l.detours[at][to]; len(l.own[at]) != 2 || !ok || port != towards("s0", "h0") {
		t.Errorf("%d hosts have ways of their own, and h3, which forwards, its by port %d", len(l.own[at]), port)
	}
	if w := l.own[space("s2")]; w != nil { // all agree there
		t.Errorf("ways of their own in s2: %+v", w)
	}
}

// What would come back to where a station's own ways lead away from again is refused: packets would go around for ever.
func TestOwnWaysThatWouldGoAround(t *testing.T) {
	for _, back := range []string{"i", "p"} { // a, b - p - i - via, other; and from via straight to p, or by way of i
		n := tree(t, 0)
		ids := map[string]topology.ID{}
		for _, v := range []topology.Vertex{{Name: "p", Kind: topology.Switch}, {Name: "i", Kind: topology.Switch},
			{Name: "a"}, {Name: "b"}, {Name: "via"}, {Name: "other"}} {
			id, err := n.Topology.Add(v)
			if err != nil {
				t.Fatal(err)
			}
			if ids[v.Name] = id; v.Kind == topology.Host {
				n.Stations = append(n.Stations, fabric.Station{ID: id,
					Addr: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 64, 0, byte(len(n.Stations) + 1)}), 16)})
			}
		}
		for _, ends := range [][2]string{{"a", "p"}, {"p", "a"}, {"b", "p"}, {"p", "b"}, {"p", "i"}, {"i", "via"},
			{"i", "other"}, {"other", "i"}, {"via", back}} {
			id, err := n.Topology.Add(topology.Vertex{Name: ends[0] + ">" + ends[1], Kind: topology.Link,
				LinkType: topology.Uplink})
			if err != nil {
				t.Fatal(err)
			}
			n.Topology.Connect(ids[ends[0]], id, time.Millisecond)
			n.Topology.Connect(id, ids[ends[1]], 0)
		}
		to := netip.MustParsePrefix("10.9.0.0/16")
		n.Stations[0].Routes = []fabric.Route{{To: to, Via: ids["via"]}}
		n.Stations[1].Routes = []fabric.Route{{To: to, Via: ids["other"]}}
		l, err := newLayout(n)
		switch {
		case back == "i" && (err != nil || len(l.own[l.index[ids["i"]]]) != 2):
			t.Errorf("from via to i: %v", err)
		case back == "p" && (!errors.Is(err, fabric.ErrNotSupported) || !strings.Contains(err.Error(), "twice")):
			t.Errorf("from via to p: %v, want that packets would pass a switch twice", err)
		}
	}
}

// TestCarriersOfAStationsPackets: whom a host names for a network, and whom these name for it, go with its packets.
func TestCarriersOfAStationsPackets(t *testing.T) {
	net := func(text string) netip.Prefix { return netip.MustParsePrefix(text) }
	n := &fabric.Network{Stations: []fabric.Station{
		{ID: 10, Routes: []fabric.Route{{To: net("10.9.0.0/16"), Via: 11}, {To: net("10.8.0.0/16"), Via: 14}}},
		{ID: 11, Forwards: true, Routes: []fabric.Route{{To: net("10.9.4.0/24"), Via: 12}, {To: net("10.7.0.0/16"), Via: 13},
			{To: net("10.9.5.0/24"), Via: fabric.None}}},
		{ID: 12, Forwards: true, Routes: []fabric.Route{{To: net("10.0.0.0/8"), Via: 11}}},
		{ID: 13}, {ID: 14},
	}}
	l := &layout{index: map[topology.ID]int{}}
	for i := range n.Stations {
		l.index[n.Stations[i].ID], l.spaces = i, append(l.spaces, space{station: i})
	}
	got := l.carriers(n, 0)
	slices.Sort(got)
	if want := []topology.ID{11, 12, 14}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := l.carriers(n, 3); len(got) > 0 {
		t.Errorf("of a host without routes: %v", got)
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
