package network_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/networktest"
	"testbed/emulator/units"
)

// edge is a link between two places in NetworkX's JSON, with attributes.
func edge(attributes string) string {
	return `{"directed": false, "multigraph": false, "graph": {},
"nodes": [{"id": "a", "kind": "host", "lat": 50, "lon": 8}, {"id": "b", "kind": "host", "lat": 48, "lon": 11}],
"edges": [{"source": "a", "target": "b", ` + attributes + `}]}`
}

// lab is a link in containerlab's YAML, where nothing that is absent is missing.
func lab(vars string) string {
	return "topology:\n  nodes: {a: {kind: linux}, b: {kind: linux}}\n  links:\n  - endpoints: [\"a:e1\", \"b:e1\"]\n" +
		"    vars: {" + vars + "}"
}

// resolved is what becomes of a text with options.
func resolved(t *testing.T, format, text string, o network.Options) (*network.Network, error) {
	t.Helper()
	c := builtin.Catalogue()
	f, err := network.Formats.Find(c, format)
	if err != nil {
		t.Fatal(err)
	}
	g, err := f.Parse([]byte(text), c.Defaults(catalogue.Networks, format))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return g.Resolve(o)
}

// TestDoubt: what a file says of a rate or a delay, and nobody can take, is an error with its line without a default,
// in every format, places or not; with one it is named beside the default, or beside what else the file says.
func TestDoubt(t *testing.T) {
	for _, s := range []struct{ key, value, doubt string }{
		{"bandwidth", "100", `its bandwidth "100" has no unit`}, {"capacity", "10", `its capacity "10" has no unit`},
		{"delay", "25", `its delay "25" has no unit`}, {"latency", "1e1", `its latency "1e1" has no unit`},
		{"label", "10 or 100 Mbps", `its label "10 or 100 Mbps" states no rate beyond doubt`},
		{"label", "0 Mbps", `its label "0 Mbps" states none from`}, {"label", "e1", `its label "e1" may be a name`},
		{"label", "T-3", `its label "T-3" may be a name`}, {"LinkLabel", "1-2 Gbps", `its label "1-2 Gbps" states a range`},
	} {
		what, other := "rate", `"delay": "1ms"`
		if s.key == "delay" || s.key == "latency" {
			what, other = "delay", `"rate": "1Mbps"`
		}
		for format, text := range map[string]string{
			"networkx":     edge(fmt.Sprintf(`%s, %q: %q`, other, s.key, s.value)),
			"containerlab": lab(fmt.Sprintf("%s: %q", s.key, s.value)),
		} {
			o := options(format)
			o.Defaults = [2]network.Shape{}
			if _, err := resolved(t, format, text, o); err == nil || !strings.HasPrefix(err.Error(), "line ") ||
				!strings.Contains(err.Error(), "it has no "+what+": "+s.doubt) || !strings.Contains(err.Error(), "give a default") {
				t.Errorf("%s, %s %s: %v", format, s.key, s.value, err)
			}
			o.Defaults = networktest.Options().Defaults
			made, err := resolved(t, format, text, o)
			if err != nil {
				t.Errorf("%s, %s %s: %v", format, s.key, s.value, err)
				continue
			}
			if notes := strings.Join(made.Links[0].Notes, "; "); !strings.Contains(notes, what+": the default, as "+s.doubt) {
				t.Errorf("%s, %s %s: %s", format, s.key, s.value, notes)
			}
		}
	}
	made, err := resolved(t, "networkx",
		edge(`"bandwidth": 100, "capacity": 7, "LinkLabel": "e1", "delay": 25, "latency": "2ms"`), options("networkx"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`rate: stated by the label "e1"`,
		`not used: its bandwidth "100" has no unit, and its capacity "7" has no unit`, `not used: its delay "25" has no unit`}
	if l := made.Links[0]; !slices.Equal(l.Notes, want) || l.Shape[0].Rate != 2048*units.Kbps ||
		l.Shape[0].Delay != 2*time.Millisecond {
		t.Errorf("%v, %q", l.Shape, l.Notes)
	}
}

// zeros are files of each format that has words for it in which all impairments are stated, as zero, with those names.
var zeros = []struct{ format, text, names string }{
	{"networkx", edge(`"rate": "1Mbps", "delay": "9ms", "jitter": "0ms", "loss": "0%", "reorder": 0, "duplicate": "0.0",
"corrupt": 0.0, "queue": "9kB", "mtu": 1500`), "jitter loss reorder duplicate corrupt queue mtu"},
	{"networkx", edge(`"delay": "9ms", "bw": 1, "loss": 0.0, "max_queue_size": 9`), "loss queue"},
	{"containerlab", lab(`jitter: 0.0, loss: 0, delay: 9ms`), "jitter loss"},
	{"netlab", "nodes: {a: {device: linux}, b: {device: linux}}\nlinks:\n- a:\n  b:\n  tc: {delay: 9, jitter: 0, " +
		"loss: 0, corrupt: 0.0, duplicate: 0, reorder: 0}", "jitter loss corrupt duplicate reorder"},
	{"gns3", `{"topology": {"nodes": [{"node_id": "a"}, {"node_id": "b"}], "links": [{"nodes": [{"node_id": "a"},
{"node_id": "b"}], "filters": {"delay": [9, 0], "packet_loss": [0], "corrupt": [0]}}]}}`, "jitter loss corrupt"},
	{"mininet", `{"hosts": [{"opts": {"hostname": "a"}}, {"opts": {"hostname": "b"}}], "links": [{"src": "a", "dest": "b",
"opts": {"delay": "9ms", "jitter": "0.0", "loss": 0.0, "max_queue_size": 9}}]}`, "jitter loss queue"},
	{"kollaps", `<experiment><services><service name="a"/><service name="b"/></services><links><link origin="a" dest="b"
latency="9" jitter="0.0" drop="0.0" upload="1Mbps" download="1Mbps"/></links></experiment>`, "jitter loss"},
}

// TestWhatIsGivenStays: no default takes the place of what a file states, be it zero; where one does, the link says so.
func TestWhatIsGivenStays(t *testing.T) {
	var standard network.Shape
	standard.Rate, standard.HasRate, standard.Delay, standard.HasDelay = units.Gbps, true, time.Second, true
	standard.Jitter, standard.Loss, standard.Reorder, standard.Duplicate = time.Millisecond, 0.1, 0.2, 0.3
	standard.Corrupt, standard.Queue, standard.MTU = 0.4, 77000*units.Byte, 1400
	all := strings.Fields("jitter loss reorder duplicate corrupt queue mtu")
	for _, s := range zeros {
		o := options(s.format)
		o.Defaults = [2]network.Shape{standard, standard}
		made, err := resolved(t, s.format, s.text, o)
		if err != nil {
			t.Errorf("%s: %v", s.format, err)
			continue
		}
		l := &made.Links[0]
		got := l.Shape[1]
		taken := map[string]bool{"jitter": got.Jitter == standard.Jitter, "loss": got.Loss == standard.Loss,
			"reorder": got.Reorder == standard.Reorder, "duplicate": got.Duplicate == standard.Duplicate,
			"corrupt": got.Corrupt == standard.Corrupt, "queue": got.Queue == standard.Queue, "mtu": got.MTU == standard.MTU}
		for _, name := range all {
			given := slices.Contains(strings.Fields(s.names), name)
			if taken[name] == given || slices.Contains(l.Notes, name+": the default") == given {
				t.Errorf("%s: %s is given: %v; %+v, %q", s.format, name, given, got, l.Notes)
			}
		}
	}
}

// TestZeroNeedsNoUnit: zero is zero in any unit, as programs write it.
func TestZeroNeedsNoUnit(t *testing.T) {
	for _, zero := range []string{"0", "0.0", "0.00", "0e0", "-0.0"} {
		for _, name := range []string{"delay", "latency", "jitter", "loss", "reorder", "duplicate", "corrupt", "delay.down"} {
			text := edge(fmt.Sprintf(`"rate": "1Mbps", %q: %s`, name, zero))
			o := options("networkx")
			made, err := resolved(t, "networkx", text, o)
			if err != nil {
				t.Errorf("%s %s: %v", name, zero, err)
			} else if s := made.Links[0].Shape[1]; (s.Delay == 0) != (name == "latency" || strings.HasPrefix(name, "delay")) {
				t.Errorf("%s %s: %+v", name, zero, s)
			}
		}
		d, err := network.Duration(zero)
		if err != nil || d != 0 {
			t.Errorf("%s: %v, %v", zero, d, err)
		}
	}
	for _, some := range []string{"0.1", "1", "-1"} {
		if d, err := network.Duration(some); err == nil {
			t.Errorf("%s: %v", some, d)
		}
	}
}

// TestPartsOfHosts: hosts are in the parts where a rule attaches some, whatever the file calls its links.
func TestPartsOfHosts(t *testing.T) {
	for _, class := range []string{"core", network.AccessClass} {
		link := `"rate": "1Mbps", "delay": "1ms", "class": "` + class + `"}`
		text := `{"directed": false, "multigraph": false, "graph": {}, "nodes": [{"id": "a"}, {"id": "b"}, {"id": "c"},
{"id": "d"}], "edges": [{"source": "a", "target": "b", ` + link + `, {"source": "c", "target": "d", ` + link + `]}`
		o := networktest.Options()
		o.Component = network.AllComponents
		for at, parts := range map[string]string{"a b": "", "c": "", "b c": "hosts are in 2 parts"} {
			o.Hosts.At = strings.Fields(at)
			_, err := resolved(t, "networkx", text, o)
			if (err != nil) != (parts != "") || err != nil && !strings.Contains(err.Error(), parts) {
				t.Errorf("%s, hosts at %s: %v", class, at, err)
			}
		}
	}
}
