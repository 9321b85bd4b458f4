package network_test

import (
	"fmt"
	"strings"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/networktest"
)

// resolve reads a file of a format and makes a network of it.
func resolve(t *testing.T, name, text string) (*network.Graph, *network.Network, error) {
	t.Helper()
	c := builtin.Catalogue()
	format, err := network.Formats.Find(c, name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := format.Parse([]byte(text), c.Defaults(catalogue.Networks, name))
	if err != nil {
		return nil, nil, err
	}
	made, err := g.Resolve(networktest.Options())
	return g, made, err
}

// TestIdentitiesStayApart: numbers are one node's ID where they are one number, however large.
func TestIdentitiesStayApart(t *testing.T) {
	one := [][]string{{"1", "01", "1.0", "1e0"}, {"9007199254740992", "09007199254740992"}, {"-3", "-3.0"}, {"0", "-0"}}
	for _, texts := range one {
		for _, text := range texts {
			if got, want := network.Identity(text, false), network.Identity(texts[0], false); got != want {
				t.Errorf("%s is %s, and %s is %s", text, got, texts[0], want)
			}
		}
	}
	seen := map[string]string{}
	for _, text := range []string{"9007199254740992", "9007199254740993", "18446744073709551615", "18446744073709551614",
		"-9223372036854775808", "9223372036854775807", "9223372036854775808", "36893488147419103232", "1e30", "1e31", "0.5"} {
		id := network.Identity(text, false)
		if other, known := seen[id]; known {
			t.Errorf("%s and %s are both %s", text, other, id)
		}
		seen[id] = text
	}
	if network.Identity("1.0", true) != "1.0" {
		t.Error("a text is taken for a number")
	}
}

// many is a text of so many lines.
func many(n int, line string) string { return strings.Repeat(line+"\n", n) }

// keys are so many lines of YAML, each with a key of its own behind a margin.
func keys(n int, margin string) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "%skey%d: 1\n", margin, i)
	}
	return text.String()
}

// TestFilesThatWouldNeverEnd: each is a few megabytes, and would take minutes or hours where the work grew with the
// square of what it has.
func TestFilesThatWouldNeverEnd(t *testing.T) {
	long := strings.Repeat("A", 4<<20)
	for name, c := range map[string]struct{ format, text, want string }{
		"replicas": {"kollaps", `<experiment boot="kollaps:2.0"><services><service name="a" replicas="4000"/></services>` +
			"<links>" + many(100_000, `<link origin="a" dest="a" latency="1" upload="1Mbps"/>`) + "</links></experiment>",
			"more than 20000"},
		"names of keys": {"graphml", fmt.Sprintf(`<graphml><key id="d" for="node" attr.name=%q><default>x</default></key>`+
			"<graph>%s</graph></graphml>", long, many(200_000, `<node id="a"/>`)), "1024 bytes"},
		"defaults": {"graphml", fmt.Sprintf(`<graphml><key id="d" for="node" attr.name="label"><default>%s</default></key>`+
			"<graph>%s</graph></graphml>", long, many(200_000, `<node id="a"/>`)), "1024 bytes"},
		"groups of links": {"netlab", "nodes: [a, b]\nlinks:\n- group: g\n" + keys(200_000, "  ") + "  members:\n" +
			many(100_000, "  - a-b"), "there are 100000 links"},
		"LANs of one line": {"netlab", "nodes: [a, b, c]\nlinks: [" + strings.Repeat("[a,b,c],", 100_000) + "]",
			"there are 100003 nodes"},
		"links of one name": {"gml", "graph [\nnode [ id 0 ]\nnode [ id 1 ]\n" +
			many(19_990, `edge [ source 0 target 1 label "x" ]`) + "]\n", "<nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := resolve(t, c.format, c.text)
			if got := fmt.Sprint(err); !strings.Contains(got, c.want) {
				t.Errorf("%.300s, want %s", got, c.want)
			}
		})
	}
}

// TestDefaultsOfKeys: of several of one name that of the element's kind holds, whatever the order, and always the same.
func TestDefaultsOfKeys(t *testing.T) {
	all := `<key id="a" for="all" attr.name="rate"><default>2Mbps</default></key>`
	edge := `<key id="b" for="edge" attr.name="rate"><default>1Mbps</default></key>`
	for _, keys := range []string{all + edge, edge + all} {
		for range 20 {
			g, _, err := resolve(t, "graphml", "<graphml>"+keys+`<graph edgedefault="undirected"><node id="x"/><node id="y"/>`+
				`<edge source="x" target="y"/></graph></graphml>`)
			if err != nil {
				t.Fatal(err)
			}
			if got := g.Links[0].Shape[0].Rate; got != 1e6 {
				t.Fatalf("%s: %v", keys, got)
			}
		}
	}
	if _, _, err := resolve(t, "graphml", "<graphml>"+all+all+"<graph/></graphml>"); err == nil {
		t.Error("a key is declared twice")
	}
}

// TestLinksToMediaSayNothingInSilence: what a lab says of a bridge's cable where the bridge is a medium is named.
func TestLinksToMediaSayNothingInSilence(t *testing.T) {
	g, _, err := resolve(t, "containerlab", `topology:
  nodes: {w: {kind: bridge, labels: {testbed.kind: medium}}, a: {kind: linux}, b: {kind: linux}}
  links:
    - {endpoints: ["w:w-1", "a:eth1"], vars: {delay: 5ms}}
    - {endpoints: ["w:w-2", "b:eth1"]}
`)
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(g.Notes, "\n"); !strings.Contains(notes, "links to media") || !strings.Contains(notes, "4") {
		t.Errorf("notes: %q", notes)
	}
}
