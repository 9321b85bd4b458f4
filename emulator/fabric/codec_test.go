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

	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func sample(t *testing.T) Network {
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
	cable := add(topology.Vertex{Name: "cable", Kind: topology.Link, Shape: [2]topology.Shape{{Rate: units.Mbps, Loss: 0.1}, {Delay: time.Second}}})
	air := add(topology.Vertex{Name: "air", Kind: topology.Link, LinkType: topology.Shared})
	top.Join(a, cable, time.Millisecond)
	top.Join(cable, b, 0)
	top.Join(a, air, 0)
	top.Join(b, air, 0)
	top.EdgeNetwork = 3
	return Network{
		Testbed: "x", Topology: top, Seed: 7,
		Stations: []Station{{ID: a, NetNS: netns.OfProcess(1, 2, 3), Addr: netip.MustParsePrefix("10.0.0.1/16"), Sysctls: map[string]string{"k": "v"}}},
		Queues:   top.QueueLimits(),
		Down:     []topology.ID{cable}, Partition: [][]topology.ID{{a}, {b}},
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
	same := []cmp.Option{cmpopts.IgnoreUnexported(topology.Topology{}), cmp.Comparer(func(x, y netip.Prefix) bool { return x == y })}
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

func TestDecodeRefusesAnotherVersion(t *testing.T) {
	var wire bytes.Buffer
	if err := gob.NewEncoder(&wire).Encode(flat{Schema: Schema + 1, Testbed: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(&wire); !errors.Is(err, ErrSchema) {
		t.Errorf("a later schema: %v", err)
	}
	// What was written before there were numbers.
	if err := gob.NewEncoder(&wire).Encode(struct{ Testbed string }{"x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(&wire); !errors.Is(err, ErrSchema) {
		t.Errorf("no schema: %v", err)
	}
}
