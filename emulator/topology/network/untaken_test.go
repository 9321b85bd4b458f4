package network_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/tree"
)

// untaken are files in which something stands that nobody reads, and what is said of it.
var untaken = []struct {
	format, text string
	want         []string
}{
	{"containerlab", `name: lab
mgmt: {network: x}
topology:
  nodes:
    a: {kind: linux, exec: [ls], binds: [], labels: {owner: me, testbed.clazz: x, testbed.class: pi}}
    b: {kind: linux, env: {X: y}}
  links:
    - endpoints: ["a:eth1", "b:eth1"]
      vars: {rate: 10Mbps, dealy: 5ms, latency: {up: 1ms}}
    - endpoints: ["a:eth2", "b:eth2"]
      vars: {dealy: 5ms, delay.down: 2ms, reorder.donw: 1%}
      labels: {x: y}
`, []string{`the lab: "mgmt" (line 2)`, `nodes: "exec" (line 5), "env" (line 6)`, `nodes' labels: "owner" (line 5)`,
		`nodes' labels, behind testbed.: "clazz" (line 5)`,
		`links' vars: "dealy" (2 times, first in line 9), "latency" (line 9), "reorder.donw" (line 11)`,
		`links: "labels" (line 12)`}},
	{"netlab", `name: net
provider: clab
defaults: {device: frr, addressing: {x: y}}
nodes:
  r: {module: [ospf]}
  h: {device: linux}
links:
- h:
    tc.delay: 3ms
    tc.reoder: 1
  r: {ifname: eth1, ipv4: 1}
  tc: {rate: 2000, burst: 1}
  bandwidth: 100
- interfaces: [r, {node: h, tc: {slot: 1}}]
  mtu: 1400
`, []string{`nodes: "module" (line 5)`, `links: "bandwidth" (line 13), "mtu" (line 15)`, `links' tc: "burst" (line 12)`,
		`links' ends: "tc.reoder" (line 10), "ipv4" (line 11)`, `links' ends' tc: "slot" (line 14)`,
		`the lab: "provider" (line 2)`, `the lab's defaults: "addressing" (line 3)`}},
	{"gns3", `{"name": "lab", "project_id": "p", "topology": {"nodes": [
{"node_id": "u1", "name": "a", "node_type": "vpcs", "x": 1, "symbol": "s", "properties": {"startup_script": "ip x"}},
{"node_id": "u2", "name": "b", "node_type": "docker", "custom_adapters": [], "properties": {"image": "i", "ram": 5}}],
"links": [{"link_id": "l", "nodes": [{"node_id": "u1"}, {"node_id": "u2"}], "capturing": false, "mtu": 9,
"filters": {"delay": [10],
"bpf": ["icmp"]}}]}}`, []string{`nodes' properties: "startup_script" (line 2), "ram" (line 3)`,
		`links: "mtu" (line 4)`, `links' filters: "bpf" (line 6)`}},
	{"mininet", `{"application": {"x": 1}, "controllers": [{}],
"hosts": [{"opts": {"hostname": "h1", "nodeNum": 1, "ip": "10.0.0.1"}}, {"opts": {"hostname": "h2", "ip": ""}}],
"switches": [{"opts": {"hostname": "s1", "controllers": ["c0"]}}],
"links": [{"src": "h1", "dest": "s1", "opts": {"bw": 10, "speedup": 5}}]}`, []string{`hosts' opts: "ip" (line 2)`,
		`switches' opts: "controllers" (line 3)`, `links' opts: "speedup" (line 4)`, `the file: "controllers" (line 1)`}},
	{"kollaps", `<experiment>
  <services><service name="a" command="['x']"/><service name="b" reuse="false"/></services>
  <links><link origin="a" dest="b" latency="1" upload="1Mbps" download="1Mbps" network="n" lateny="2"/></links>
  <extra/>
</experiment>`, []string{`services: "command" (line 2), "reuse" (line 2)`,
		`links: "lateny" (line 3), "network" (line 3)`,
		`the experiment: "extra" (line 4)`}},
	{"graphml", `<graphml><graph edgedefault="undirected"><node id="a"><data key="kind">host</data></node>
<node id="b"><data key="kind">host</data><data key="Country">X</data></node>
<node id="m"><data key="kind">medium</data><data key="rate">1Mbps</data><data key="colour">red</data></node>
<edge source="a" target="b"><data key="rate">1Mbps</data><data key="delay">1ms</data><data key="LinkNote">x</data>
</edge><edge source="a" target="m"><data key="rate">1Mbps</data></edge></graph></graphml>`,
		[]string{`nodes: "Country" (line 2)`, `media: "colour" (line 3)`, `links: "LinkNote" (line 4)`,
			`links to media: "rate" (line 5)`}},
	{"graphml", `<graphml><desc>x</desc><key id="d" for="node" attr.name="Owner"/>
<graph><desc>x</desc>
<node id="a" colour="red"><desc/><data key="d"><x/></data><port name="p"/></node>
<node id="b"><data key="kind">pop</data></node>
<edge source="a" target="b" weight="3"><data key="rate">1Mbps</data><data key="delay">1ms</data><y/></edge>
</graph>
<graph><node id="q"/></graph></graphml>`,
		[]string{`the file: "further graph" (line 7), "desc" (line 1)`, `the graph: "desc" (line 2)`,
			`nodes: "colour" (line 3), "desc" (line 3), "Owner" (line 3), "kind pop" (line 4)`,
			`links: "weight" (line 5), "y" (line 5)`}},
	{"gml", "graph [\nnode [ id 1 ]\n]\ngraph [\nnode [ id 2 ]\n]\n", []string{`the file: "further graph" (line 4)`}},
	{"gml", "graph [\nnode [ id 1 label \"a\" graphics [ x 1 ] ]\nnode [ id 2 ]\n" +
		"edge [ source 1 target 2 rate \"1Mbps\" delay \"1ms\" value 3 ]\n]\n",
		[]string{`nodes: "graphics" (line 2)`, `links: "value" (line 4)`}},
	{"networkx",
		`{"directed": false, "multigraph": false, "graph": {}, "nodes": [{"id": [1, 2], "pos": [3, 4]}, {"id": 2}],
"edges": [{"source": [1, 2], "target": 2, "key": 0, "rate": {"up": "1Mbps"}, "weight": 3}]}`,
		[]string{`nodes: "pos" (line 1)`, `links: "rate" (line 2), "weight" (line 2)`}},
	{"sndlib", "NODES (\nA ( 1 2 )\n)\nLINKS ( )\nDEMANDS (\nD ( A A ) 1 2 3\n)\nADMISSIBLE_PATHS ( )\n",
		[]string{`the file: "DEMANDS" (line 5)`}},
}

// TestNothingIsLostInSilence: whatever a file says of nodes and links, or beside them, and nobody reads, is named with
// its line; what is empty, and what a reader takes, is not.
func TestNothingIsLostInSilence(t *testing.T) {
	c := builtin.Catalogue()
	for _, s := range untaken {
		format, err := network.Formats.Find(c, s.format)
		if err != nil {
			t.Fatal(err)
		}
		g, err := format.Parse([]byte(s.text), c.Defaults(catalogue.Networks, s.format))
		if err != nil {
			t.Errorf("%s: %v", s.format, err)
			continue
		}
		var got []string
		for _, note := range g.Notes {
			if of, is := strings.CutPrefix(note, network.NotTaken+", of "); is {
				got = append(got, of)
			}
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(s.want))
		if !slices.Equal(got, want) {
			t.Errorf("%s: not taken over is\n%s\nwant\n%s", s.format, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	for _, s := range samples { // which have some of the formats' own keys
		format, err := network.Formats.Find(c, s.format)
		if err != nil {
			t.Fatal(err)
		}
		g, err := format.Parse([]byte(s.text), c.Defaults(catalogue.Networks, s.format))
		if err != nil {
			t.Fatal(err)
		}
		for _, note := range g.Notes {
			known := strings.Contains(note, `"bpf"`) || strings.Contains(note, `"DEMANDS"`) ||
				strings.Contains(note, `"probe-12"`)
			if strings.HasPrefix(note, network.NotTaken) && !known {
				t.Errorf("%s: %s", s.format, note)
			}
		}
	}
}

// TestUntakenIsBounded: however many keys nobody knows, a note names some and counts the rest.
func TestUntakenIsBounded(t *testing.T) {
	var u network.Untaken
	v := &tree.Value{Kind: tree.Map}
	for i := range 300 {
		v.Keys = append(v.Keys, tree.Member{Name: fmt.Sprint("key", i), Line: i + 1,
			Value: &tree.Value{Kind: tree.Scalar, Text: "x"}})
	}
	u.Keys("links", v)
	u.Keys("links", nil)
	if n := u.Notes(); len(n) != 1 || !strings.HasSuffix(n[0], `"key19" (line 20), and 280 others`) {
		t.Errorf("%q", n)
	}
}
