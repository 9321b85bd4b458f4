package ether

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

const (
	nodes = "0;pi_0;1023012864;4000;arm32;sbc;rpi3b+\n1;srv_0;188000000000;88000;x86;server;server\n"
	links = "0;1000;link_pi_0;node\n1;0.5;air;shared\n2;50;up_0;uplink\n3;500;down_0;downlink\n"
	edges = "pi_0 link_pi_0\nlink_pi_0 pi_0 air\nair link_pi_0 up_0\nup_0 internet_x\ninternet_x down_0 srv_0\n" +
		"down_0 air\nsrv_0 internet_x\n"
)

func parse(n, l, e string) (*topology.Topology, error) {
	return Parse(strings.NewReader(n), strings.NewReader(l), strings.NewReader(e), "dir/small")
}

func TestParse(t *testing.T) {
	topo, err := parse("# two hosts\n"+nodes, links+"\n", edges)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, v := range topo.Vertices {
		names = append(names, v.Name)
	}
	if got := strings.Join(names, " "); got != "pi_0 srv_0 link_pi_0 air up_0 down_0 internet_x" {
		t.Errorf("vertices in the order %s", got)
	}
	if topo.Name != "small" || topo.EdgeNetwork != 7 {
		t.Errorf("name %q, edge network of %d", topo.Name, topo.EdgeNetwork)
	}
	host, air, exchange := topo.Vertices[0], topo.Vertices[3], topo.Vertices[6]
	pi := topology.Vertex{
		Name: "pi_0", Memory: 1023012864, CPU: 4000, Arch: "arm32", Type: "sbc", Class: "rpi3b+", Model: host.Model,
	}
	if host != pi {
		t.Errorf("host %+v", host)
	}
	if air.LinkType != topology.Shared || air.Shape[0].Rate != 500*units.Kbps || air.Class != topology.ClassWLAN {
		t.Errorf("medium %+v", air)
	}
	if access := topo.Vertices[2]; access.Shape[1].Rate != 1000*units.Mbps || access.Class != topology.ClassAccess {
		t.Errorf("access link %+v", access)
	}
	if exchange.Kind != topology.Exchange || topo.Vertices[4].Class != topology.ClassMobileISP {
		t.Errorf("exchange %+v, up %+v", exchange, topo.Vertices[4])
	}
}

func TestErrorsAreAllPositioned(t *testing.T) {
	cases := []struct{ nodes, links, edges, want string }{
		{"0;pi_0;1;1;a;b\n", links, edges, "small.nodes:1: 6 fields"},
		{nodes + "2;pi_0;1;1;a;b;c\n", links, edges, `small.nodes:3: the name "pi_0" is given twice`},
		{strings.Replace(nodes, "4000", "-4", 1), links, edges, `small.nodes:1: the cpu_millis "-4"`},
		{strings.Replace(nodes, "1023012864", "1e9", 1), links, edges, `small.nodes:1: the memory_bytes "1e9"`},
		{strings.Replace(nodes, "0;pi_0", "x;pi_0", 1), links, edges, `small.nodes:1: the index "x"`},
		{nodes, strings.Replace(links, ";50;", ";fast;", 1), edges, `small.links:3: the capacity "fast"`},
		{nodes, strings.Replace(links, ";50;", ";0;", 1), edges, `small.links:3: the capacity "0"`},
		{
			nodes, strings.Replace(links, "uplink", "sidelink", 1), edges,
			`small.links:3: the link type "sidelink" is unknown; write one of node, shared, uplink, downlink`,
		},
		{nodes, links, edges + "pi_0 air\n", "small.edges:8: the neighbours of pi_0 are given already at dir/small.edges:1"},
		{nodes, links, strings.Replace(edges, "pi_0 link_pi_0", "pi_0 pi_0", 1), "small.edges:1: pi_0 is its own neighbour"},
		{
			nodes, links, strings.Replace(edges, "pi_0 air", "pi_0 air air", 1),
			"small.edges:2: the neighbour air of link_pi_0 is given twice",
		},
		{nodes + "2;lost;1;1;a;b;c\n", links, edges, "small.edges: host lost has no edge"},
		{nodes, links, strings.Replace(edges, "srv_0 internet_x\n", "srv_0\n", 1), "there is no path to pi_0 from srv_0"},
		{
			nodes, links, strings.Replace(edges, "link_pi_0 pi_0 air", "link_pi_0 air", 1),
			"a duplex link needs exactly two neighbours",
		},
		{nodes, links, edges + "a;b pi_0\n", `small.edges:8: the name "a;b" contains a separator`},
	}
	for _, c := range cases {
		_, err := parse(c.nodes, c.links, c.edges)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q, got %v", c.want, err)
		}
	}
	_, err := parse("bad\n", "bad\n", "x x\n")
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("three bad lines: %v", err)
	}
	if _, err := parse(strings.Repeat("bad\n", 1000), "", ""); strings.Count(err.Error(), "\n") > 2*maxErrors {
		t.Error("the number of errors has no bound")
	}
}

func TestLoadNamesMissingFiles(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none"))
	if err == nil || strings.Count(err.Error(), "PREFIX.nodes") != 3 {
		t.Errorf("got %v, want three missing files", err)
	}
}

func TestPublishedFilesSurvive(t *testing.T) {
	for _, name := range []string{"iiot.0", "urban_sensing.0"} {
		prefix := filepath.Join("..", "..", "..", "..", "shared", "reference", "ether", name)
		if _, err := os.Stat(prefix + ".nodes"); err != nil {
			t.Skipf("the reference data are not here: %v", err)
		}
		topo, err := Load(prefix)
		if err != nil {
			t.Fatal(err)
		}
		// The cloud is not in the format, so that it changes nothing.
		if err := topo.AttachCloud(topology.CloudLink{Up: 1, Down: 1}); err != nil {
			t.Fatal(err)
		}
		var out [3]bytes.Buffer
		if err := Write(topo, &out[0], &out[1], &out[2]); err != nil {
			t.Fatal(err)
		}
		for i, suffix := range []string{".nodes", ".links", ".edges"} {
			want, err := os.ReadFile(prefix + suffix)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out[i].Bytes(), want) {
				t.Errorf("%s%s is written differently from how it was read", name, suffix)
			}
		}
	}
}

func TestWriteRefusesWhatTheFormatLacks(t *testing.T) {
	for name, spoil := range map[string]func(*topology.Vertex){
		"the format needs a rate":            func(v *topology.Vertex) { v.Shape[0].Rate = 0 },
		"the format has one rate":            func(v *topology.Vertex) { v.Shape[1].Rate = 1 },
		"there is no link type":              func(v *topology.Vertex) { v.LinkType = 7 },
		"contains a separator of the format": func(v *topology.Vertex) { v.Name = "a b" },
	} {
		topo, err := parse(nodes, links, edges)
		if err != nil {
			t.Fatal(err)
		}
		spoil(&topo.Vertices[2])
		var sink bytes.Buffer
		if err := Write(topo, &sink, &sink, &sink); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want %q, got %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(nodes), []byte(links), []byte(edges))
	f.Add([]byte("0;a;1;1;;;\n"), []byte("0;1e3;l;node\n"), []byte("a l\nl a b\nb l"))
	f.Fuzz(func(t *testing.T, n, l, e []byte) {
		topo, err := Parse(bytes.NewReader(n), bytes.NewReader(l), bytes.NewReader(e), "fuzz")
		if err != nil {
			return
		}
		if errs := topo.Validate(); len(errs) > 0 {
			t.Fatalf("what was parsed is not valid: %v", errs)
		}
		var out, again [3]bytes.Buffer
		if err := Write(topo, &out[0], &out[1], &out[2]); err != nil {
			t.Fatal(err)
		}
		reader := func(i int) *bytes.Reader { return bytes.NewReader(out[i].Bytes()) }
		second, err := Parse(reader(0), reader(1), reader(2), "fuzz")
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if err := Write(second, &again[0], &again[1], &again[2]); err != nil {
			t.Fatal(err)
		}
		for i := range out {
			if !bytes.Equal(out[i].Bytes(), again[i].Bytes()) {
				t.Fatalf("file %d changes between writings:\n%s\n%s", i, &out[i], &again[i])
			}
		}
	})
}
