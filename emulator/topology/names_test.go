package topology

import (
	"fmt"
	"maps"
	"net"
	"strings"
	"testing"
)

func TestNamesThatCannotBeUsed(t *testing.T) {
	long := strings.Repeat("n", MaxName)
	for _, c := range []struct {
		name string
		kind Kind
		want string // of the problem; empty: the name is fine
	}{
		{"2", Host, "address"}, {"010", Host, "address"}, {"0x7f", Host, "address"}, {"0X1F", Cloud, "address"},
		{"08", Host, "address"}, {"99999999999", Host, "address"},
		{"2", Switch, ""}, {"2", Link, ""}, {"2a", Host, ""}, {"0x7g", Host, ""}, {"1-2", Host, ""}, {"1e3", Host, ""},
		{"LOCALHOST", Host, "taken"}, {"localhost", Switch, "taken"}, {"ip6-localhost", Host, "taken"},
		{"IP6-Loopback", Host, "taken"},
		{"ip6-allnodes", Cloud, "taken"}, {"hosts", Switch, "taken"}, {"localhost2", Host, ""}, {"localhost", Link, ""},
		{"-x", Host, "begins"}, {"_x", Switch, "begins"}, {"-x", Link, "begins"}, {"x-", Host, ""}, {"rpi3_0", Host, ""},
		{"*", Host, "contains"}, {"a.b", Host, "contains"}, {"a b", Switch, "contains"}, {"a/b", Link, "contains"},
		{"a\x1b[1m", Host, "contains"},
		{"größe", Host, "contains"}, {"a\xff", Host, "contains"}, {"a:1", Host, "contains"}, {"a,b", Link, "contains"},
		{long, Host, ""}, {long + "n", Host, "64 letters"},
		{long + "-" + long, Link, ""}, {long + "-" + long + "x", Link, "128 letters"},
	} {
		topology := New("t")
		if _, err := topology.Add(Vertex{Name: "other", Kind: Host}); err != nil {
			t.Fatal(err)
		}
		id, err := topology.Add(Vertex{Name: c.name, Kind: c.kind})
		if err != nil {
			t.Fatal(err)
		}
		topology.SetPlace(id, "file:7")
		errs := topology.CheckNames()
		switch {
		case c.want == "" && len(errs) > 0:
			t.Errorf("%s %q: %v", c.kind, c.name, errs)
		case c.want == "":
		case len(errs) != 1 || errs[0].ID != id || !strings.Contains(errs[0].Problem, c.want):
			t.Errorf("%s %q: %v, want %s", c.kind, c.name, errs, c.want)
		case !strings.HasPrefix(errs[0].Error(), "file:7: "), errs[0].Remedy == "",
			strings.Contains(errs[0].Error(), "\x1b"):
			t.Errorf("%q: %v", c.name, errs[0])
		}
	}
}

// Names of nodes that differ in case only are one to a resolver, whatever the nodes are.
func TestNamesInTwoCases(t *testing.T) {
	topology := New("t")
	topology.Vertices = []Vertex{
		{Name: "nuc"}, {Name: "Nuc"}, {Name: "Cloud"}, {Name: "cloud", Kind: Cloud}, {Name: "sw", Kind: Switch},
		{Name: "SW", Kind: Exchange}, {Name: "NUC", Kind: Link}, {Name: "b"}, {Name: "b"}, {},
	}
	topology.Adjacency = make([][]Edge, len(topology.Vertices))
	topology.SetPlace(0, "x.nodes:1")
	found := map[ID]string{}
	for _, e := range topology.CheckNames() {
		found[e.ID] = e.Error()
	}
	if len(found) != 5 {
		t.Errorf("%d errors, want 5: %v", len(found), found)
	}
	for id, want := range map[ID]string{
		1: "differs from nuc (x.nodes:1) in case only",
		3: "differs from Cloud",
		5: "differs from sw",
		8: "given twice",
		9: "vertex 9 has no name",
	} {
		if !strings.Contains(found[id], want) {
			t.Errorf("vertex %d: %s, want %s", id, found[id], want)
		}
	}
	joined := fmt.Sprint(topology.Validate())
	if !strings.Contains(joined, "differs from nuc") {
		t.Errorf("Validate does not look at names: %s", joined)
	}
}

// What counts as an address is what the resolver takes for one without asking anybody.
func TestAddress(t *testing.T) {
	for name, want := range map[string]bool{
		"0": true, "10": true, "0x": true, "0xAf": true,
		"x10": false, "10a": false, "0b1": false, "a": false,
	} {
		if Address(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	if net.ParseIP("10") != nil {
		t.Error("a number is an address to Go, too")
	}
}

func TestAliases(t *testing.T) {
	topology := New("t")
	for _, v := range []Vertex{
		{Name: "rpi3_0"}, {Name: "a_b"}, {Name: "a-b"}, {Name: "x_y-z"}, {Name: "x-y_z"}, {Name: "ip6_localhost"},
		{Name: "end_"}, {Name: "sw_1", Kind: Switch}, {Name: "SW-2", Kind: Switch}, {Name: "sw_2"}, {Name: "plain"},
		{Name: "Cl_oud", Kind: Cloud}, {Name: "l-1", Kind: Link}, {Name: "l_1"},
	} {
		if _, err := topology.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	named := map[string]string{}
	for id, alias := range topology.Aliases() {
		named[topology.Vertices[id].Name] = alias
	}
	if want := map[string]string{"rpi3_0": "rpi3-0", "Cl_oud": "Cl-oud", "l_1": "l-1"}; !maps.Equal(named, want) {
		t.Errorf("%v, want %v", named, want)
	}
}
