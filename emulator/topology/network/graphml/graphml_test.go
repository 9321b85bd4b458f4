package graphml_test

import (
	"fmt"
	"strings"
	"testing"

	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/gml"
	"testbed/emulator/topology/network/graphml"
	"testbed/emulator/topology/network/networktest"
	"testbed/emulator/topology/network/nodelink"
)

// One network in three syntaxes; the places are made up.
const (
	asGraphML = `<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key attr.name="label" attr.type="string" for="node" id="d0" />
  <key attr.name="Latitude" attr.type="double" for="node" id="d1" />
  <key attr.name="Longitude" attr.type="double" for="node" id="d2" />
  <key attr.name="LinkSpeedRaw" attr.type="double" for="edge" id="d3" />
  <key attr.name="LinkLabel" attr.type="string" for="edge" id="d4" />
  <key attr.name="LinkSpeed" attr.type="string" for="edge" id="d5" />
  <key attr.name="LinkSpeedUnits" attr.type="string" for="edge" id="d6" />
  <key attr.name="Network" attr.type="string" for="graph" id="d7" />
  <graph edgedefault="undirected"><data key="d7">Three</data>
    <node id="0"><data key="d0">M&#252;nchen</data><data key="d1">48.0</data><data key="d2">11.5</data></node>
    <node id="1"><data key="d0">Wien</data><data key="d1">48.0</data><data key="d2">16.5</data></node>
    <node id="2"><data key="d0">Wien</data></node>
    <edge source="0" target="1"><data key="d3">10000000000.0</data><data key="d4">&lt;10 Gbps</data></edge>
    <edge source="0" target="1"><data key="d4">2x10Gb/s</data></edge>
    <edge source="1" target="2"><data key="d5">2.5</data><data key="d6">G</data></edge>
    <edge source="2" target="2"><data key="d4">10-20Gbps</data></edge>
    <edge source="2" target="0"><data key="d4">10-20Gbps</data></edge>
  </graph>
</graphml>`
	asGML = `# a comment
graph [
  Network "Three"
  node [ id 0 label "M&#252;nchen" Latitude 48.0 Longitude 11.5 ]
  node [ id 1 label "Wien" Latitude 48.0 Longitude 16.5 ]
  node [ id 2 label "Wien" ]
  edge [ source 0 target 1 LinkSpeedRaw 1e10 LinkLabel "<10 Gbps" ]
  edge [ source 0 target 1 LinkLabel "2x10Gb/s" ]
  edge [ source 1 target 2 LinkSpeed "2.5" LinkSpeedUnits "G" ]
  edge [ source 2 target 2 LinkLabel "10-20Gbps" ]
  edge [ source 2 target 0 LinkLabel "10-20Gbps" graphics [ width 1 ] ]
]
`
	asJSON = `{"directed": false, "multigraph": true, "graph": {"Network": "Three"}, "nodes": [
{"id": 0, "label": "M\u00fcnchen", "Latitude": 48.0, "Longitude": 11.5},
{"id": 1, "label": "Wien", "Latitude": 48.0, "Longitude": 16.5},
{"id": 2, "label": "Wien"}], "EDGES": [
{"source": 0, "target": 1, "key": 0, "LinkSpeedRaw": 10000000000.0, "LinkLabel": "<10 Gbps"},
{"source": 0, "target": 1, "key": 1, "LinkLabel": "2x10Gb/s"},
{"source": 1, "target": 2, "LinkSpeed": "2.5", "LinkSpeedUnits": "G"},
{"source": 2, "target": 2, "LinkLabel": "10-20Gbps"},
{"source": 2, "target": 0, "LinkLabel": "10-20Gbps"}]}`
)

var (
	formats = map[string]network.Format{
		"graphml": {Detect: graphml.Detect, Parse: graphml.Parse}, "gml": {Detect: gml.Detect, Parse: gml.Parse},
		"edges": {Detect: nodelink.Detect, Parse: nodelink.Parse}, "links": {Detect: nodelink.Detect, Parse: nodelink.Parse},
	}
	texts = map[string]string{
		"graphml": asGraphML, "gml": asGML, "edges": strings.Replace(asJSON, "EDGES", "edges", 1),
		"links": strings.Replace(asJSON, "EDGES", "links", 1),
	}
)

func TestThreeSyntaxes(t *testing.T) {
	// 371.955 km on the sphere, by hand: 2 R asin(cos 48 sin 2.5).
	const want = `switch Munchen
switch Wien
switch Wien-2
host Munchen-h1 host
host Wien-h1 host
host Wien-2-h1 host
duplex Munchen-Wien: Munchen Wien 10Gbps 1.861062ms
duplex Munchen-Wien-2: Munchen Wien 20Gbps 1.861062ms
duplex Wien-Wien-2: Wien Wien-2 2.5Gbps
duplex Wien-2-Munchen: Wien-2 Munchen %s
duplex Munchen-h1-Munchen: Munchen-h1 Munchen -
duplex Wien-h1-Wien: Wien-h1 Wien -
duplex Wien-2-h1-Wien-2: Wien-2-h1 Wien-2 -
`
	for name, format := range formats {
		if !format.Detect([]byte(texts[name])) {
			t.Errorf("%s is not recognized", name)
		}
		for ranges, rate := range map[network.Ranges]string{
			network.RangesMissing: "1Gbps", network.RangesLow: "10Gbps", network.RangesHigh: "20Gbps",
		} {
			o := networktest.Options()
			o.Ranges = ranges
			made := networktest.Made(t, format, nil, texts[name], o)
			if got, want := networktest.Render(made), fmt.Sprintf(want, rate); got != want {
				t.Errorf("%s, %s:\n%s\nwant\n%s", name, ranges, got, want)
			}
			if notes := strings.Join(made.Notes, "\n"); made.Name != "Three" || !strings.Contains(notes, "Wien-2 to itself") {
				t.Errorf("%s: %s, %s", name, made.Name, notes)
			}
		}
	}
}

// What a graph cannot be, with the line that says so.
func TestRefused(t *testing.T) {
	g := func(inner string) string {
		return "<graphml><graph edgedefault='undirected'>\n" + inner + "</graph></graphml>"
	}
	entities := `<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><graphml><graph id="&b;"/></graphml>`
	for _, c := range []struct{ format, text, want string }{
		{"graphml", "", "line 1: this is not XML"},
		{"graphml", "<a/>", "line 1: this is not GraphML"},
		{"graphml", "<graphml><graph>\n<node", "line 2: this is not XML"},
		{"graphml", entities, "invalid character entity"},
		{"graphml", "<?xml version='1.0' encoding='koi8-r'?><graphml/>", `encoded as "koi8-r"`},
		{"graphml", strings.Repeat("<a>", 100), "nested more deeply"},
		{"graphml", g(`<node id="a"><data key="Latitude">NaN</data><data key="Longitude">3</data></node>`),
			"line 2: latitude"},
		{"graphml", g(`<node id="a"/><node id="b"/><edge source="a" target="b"><data key="rate">10</data></edge>`),
			"no unit"},
		{"graphml", g(`<node id="a"/><node id="b"/><edge source="a" target="b"><data key="loss">1</data></edge>`), "no unit"},
		{"graphml", g(`<node id="a"/><node id="b"/><edge source="a" target="b"><data key="LinkSpeedRaw">Inf</data></edge>`),
			"line 2: LinkSpeedRaw"},
		{"graphml", g("<node id='a'/>\n<node id='a'/>"), `line 3: the node "a" is given twice, in line 2 first`},
		{"graphml", g("<node id='a'/>\n<edge source='a' target='b'/>"), `line 3: there is no node "b"`},
		{"graphml", g("<hyperedge/>"), "line 2: a hyperedge"},
		{"graphml", g("<node id='a'><graph><node id='b'/></graph></node>"), "line 2: the graph inside of node \"a\" is not " +
			"read; take its nodes out"},
		{"graphml", g("<node id='a'/>\n<edge source='a' target='a' directed='no'/>"), "line 3: directed"},
		{"graphml", g("<node id='a'><data key='cpu'>2048</data></node>"), "line 2: cpu"},
		{"gml", "graph [\nnode [ id 1 cpu 0 ] ]", "line 2: cpu"},
		{"gml", "graph [\nnode 1 ]", "line 2: a node has no ID"},
		{"gml", "graph [\nnode [\nid 1\n", "line 2: the bracket"},
		{"gml", "graph [ ] ]", "never opened"},
		{"gml", "graph [\nnode [ label \"x ] ]", "has no end"},
		{"gml", strings.Repeat("graph [ ", 100), "nested more deeply"},
		{"edges", `{"nodes": [], "edges": [NaN]}`, "line 1: this is not JSON"},
		{"edges", `{"nodes": [], "nodes": []}`, "given twice"},
		{"edges", `{"nodes": [], "edges": [], "links": []}`, "both edges and links"},
		{"edges", strings.Repeat("[", 100), "nested more deeply"},
		{"edges", `{"nodes": [{"id": 1}], "edges": []} x`, "line 1: something follows"},
	} {
		graph, err := formats[c.format].Parse([]byte(c.text), nil)
		if err == nil {
			_, err = graph.Resolve(networktest.Options())
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.60q: %v, want %q", c.format, c.text, err, c.want)
		}
	}
}

// What yEd draws is what its file says: names and rates are labels of drawings, and links without arrows, or with two,
// are of both directions.
func TestDrawings(t *testing.T) {
	const text = `<graphml xmlns:y="http://www.yworks.com/xml/graphml">
<key for="node" id="d1" yfiles.type="nodegraphics"/><key for="edge" id="d2" yfiles.type="edgegraphics"/>
<key for="node" id="d3" attr.name="label"/>
<graph edgedefault="directed">
<node id="n0"><data key="d1"><y:ShapeNode><y:Geometry/><y:NodeLabel> Berlin </y:NodeLabel></y:ShapeNode></data></node>
<node id="n1"><data key="d1"><y:GroupNode><y:State/><y:NodeLabel/><y:NodeLabel>Paris</y:NodeLabel></y:GroupNode></data>
</node>
<node id="n2"><data key="d1"><y:ShapeNode><y:NodeLabel>box</y:NodeLabel></y:ShapeNode></data>
<data key="d3">Rom</data></node>
<edge source="n0" target="n1"><data key="d2"><y:PolyLineEdge><y:Arrows source="none" target="none"/>
<y:EdgeLabel>100Mbps</y:EdgeLabel></y:PolyLineEdge></data></edge>
<edge source="n1" target="n2"><data key="d2"><y:PolyLineEdge><y:Arrows source="none" target="standard"/>
<y:EdgeLabel>2 Gb/s</y:EdgeLabel><y:EdgeLabel>cable</y:EdgeLabel></y:PolyLineEdge></data></edge>
<edge source="n2" target="n0" sourceport="p" targetport="q" directed="0"><data key="d2"><y:PolyLineEdge/></data></edge>
<edge source="n2" target="n1" directed="1"/>
</graph></graphml>`
	const want = `switch Berlin
switch Paris
switch Rom
host Berlin-h1 host
host Paris-h1 host
host Rom-h1 host
duplex Berlin-Paris: Berlin Paris 100Mbps
uplink Paris-Rom: Paris Rom 2Gbps
duplex Rom-Berlin: Rom/p Berlin/q 1Gbps
uplink Rom-Paris: Rom Paris 1Gbps
duplex Berlin-h1-Berlin: Berlin-h1 Berlin -
duplex Paris-h1-Paris: Paris-h1 Paris -
duplex Rom-h1-Rom: Rom-h1 Rom -
`
	made := networktest.Made(t, formats["graphml"], nil, text, networktest.Options())
	if got := networktest.Render(made); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	notes := strings.Join(made.Notes, "\n")
	if !strings.Contains(notes, `of nodes: "NodeLabel" (line 8)`) ||
		!strings.Contains(notes, `of links: "EdgeLabel" (line 13)`) {
		t.Error(notes)
	}
}

func FuzzGraphML(f *testing.F) { networktest.Fuzz(f, formats["graphml"], nil, asGraphML) }
func FuzzGML(f *testing.F)     { networktest.Fuzz(f, formats["gml"], nil, asGML) }
func FuzzNodeLink(f *testing.F) {
	networktest.Fuzz(f, formats["edges"], nil, texts["edges"], texts["links"])
}
