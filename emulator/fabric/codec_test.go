package fabric

import (
	"bytes"
	"encoding/gob"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func sample(t testing.TB) Network {
	t.Helper()
	top := topology.New("pair")
	add := func(v topology.Vertex) topology.ID {
		id, err := top.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	a, b := add(topology.Vertex{Name: "a"}), add(topology.Vertex{Name: "b"})
	shape := [2]topology.Shape{{Rate: units.Mbps, Loss: 0.1}, {Delay: time.Second}}
	cable := add(topology.Vertex{Name: "cable", Kind: topology.Link, Shape: shape})
	air := add(topology.Vertex{Name: "air", Kind: topology.Link, LinkType: topology.Shared})
	top.Join(a, cable, time.Millisecond)
	top.Join(cable, b, 0)
	top.Join(a, air, 0)
	top.Join(b, air, 0)
	top.EdgeNetwork = 3
	return Network{
		Testbed: "x", Topology: top, Seed: 7,
		Stations: []Station{{ID: a, NetNS: netns.Ref{Path: "/proc/1/ns/net", Start: 2, Inode: 3},
			Addr:    netip.MustParsePrefix("10.0.0.1/16"),
			Sysctls: map[string]string{"k": "v"}},
			{ID: b, Addr: netip.MustParsePrefix("10.0.0.2/16"), Forwards: true,
				Addresses: []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24"), netip.MustParsePrefix("fd00:9::1/64")},
				Routes:    []Route{{To: netip.MustParsePrefix("10.8.0.0/16"), Via: a}}}},
		Queues: top.QueueLimits(),
		Down:   []topology.ID{cable}, Partition: [][]topology.ID{{a}, {b}},
	}
}

func TestNetworkSurvivesTheWire(t *testing.T) {
	want := sample(t)
	var wire bytes.Buffer
	if err := want.Encode(&wire); err != nil {
		t.Fatal(err)
	}
	got, err := Decode(&wire)
	if err != nil {
		t.Fatal(err)
	}
	same := []cmp.Option{
		cmpopts.IgnoreUnexported(topology.Topology{}), cmp.Comparer(func(x, y netip.Prefix) bool { return x == y }),
	}
	if diff := cmp.Diff(want, got, same...); diff != "" {
		t.Error(diff)
	}
	if id, ok := got.Topology.Lookup("air"); !ok || id != 3 {
		t.Errorf("lookup after decoding: %v %v", id, ok)
	}
}

func TestDecodeRejects(t *testing.T) {
	for name, data := range map[string][]byte{"empty": nil, "garbage": []byte("garbage garbage")} {
		if _, err := Decode(bytes.NewReader(data)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	n := sample(t)
	n.Topology.Vertices[1].Name = "a"
	var wire bytes.Buffer
	if err := n.Encode(&wire); err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(&wire); err == nil {
		t.Error("a name given twice: no error")
	}
}

func TestUsers(t *testing.T) {
	n := sample(t)
	for c, want := range map[topology.Channel]string{{Link: 2}: "a", {Link: 2, Dir: 1}: "b", {Link: 3}: "a,b"} {
		if got := Users(n.Topology, c); got != want {
			t.Errorf("%v: %q, want %q", c, got, want)
		}
	}
	if got := len(Channels(n.Topology)); got != 3 {
		t.Errorf("%d queues, want 3", got)
	}
}

// What a network says of itself is held against what is there.
func TestDecodeChecksNumbers(t *testing.T) {
	for name, spoil := range map[string]func(*Network){
		"a station of no vertex": func(n *Network) { n.Stations[0].ID = 99 },
		"an edge to nowhere":     func(n *Network) { n.Topology.Adjacency[0][0].To = -1 },
		"a queue of no link":     func(n *Network) { n.Queues[topology.Channel{Link: 0}] = 1 },
		"a third direction":      func(n *Network) { n.Queues[topology.Channel{Link: 2, Dir: 2}] = 1 },
		"nothing that is down":   func(n *Network) { n.Down = []topology.ID{99} },
		"a partition of nobody":  func(n *Network) { n.Partition[1] = []topology.ID{-4} },
		"an unknown kind":        func(n *Network) { n.Topology.Vertices[0].Kind = 77 },
		"an unknown link":        func(n *Network) { n.Topology.Vertices[2].LinkType = 77 },
		"a large edge network":   func(n *Network) { n.Topology.EdgeNetwork = 99 },
	} {
		n := sample(t)
		spoil(&n)
		var wire bytes.Buffer
		if err := n.Encode(&wire); err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(&wire); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A format of another version is said to be one, and what is announced takes no memory.
func TestDecodeChecksTheHeader(t *testing.T) {
	for want, h := range map[error]header{ErrSchema: {Schema: 1}, readfile.ErrLimit: {Schema: Schema, Vertices: 1 << 40}} {
		var wire bytes.Buffer
		if err := gob.NewEncoder(&wire).Encode(h); err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(&wire); !errors.Is(err, want) {
			t.Errorf("%+v: %v", h, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	var wire bytes.Buffer
	if err := sample(f).Encode(&wire); err != nil {
		f.Fatal(err)
	}
	f.Add(wire.Bytes())
	f.Add(wire.Bytes()[:wire.Len()/2])
	f.Add([]byte{0xf8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := Decode(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, c := range Channels(n.Topology) {
			_ = Users(n.Topology, c)
		}
		var again bytes.Buffer
		if err := n.Encode(&again); err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(&again); err != nil {
			t.Fatalf("what was decoded does not survive: %v", err)
		}
	})
}
