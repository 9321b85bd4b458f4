package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/catalogue"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
)

// A file's content tells which tool it is of, also among formats that all are JSON.
func TestImportedFormats(t *testing.T) {
	l := newBench(t)
	const edge = `[{"source":"a","target":"b"}]`
	for text, want := range map[string]string{
		`{"directed":false,"multigraph":false,"graph":{},"nodes":[{"id":"a"}],"edges":[]}`:               "networkx",
		`{"directed":false,"nodes":[{"id":"a"},{"id":"b"}],"links":` + edge + `}`:                        "networkx",
		`{"edges":` + edge + `,"nodes":[{"id":"a"},{"id":"b"}]}`:                                         "networkx",
		`{"project_id":"p","topology":{"nodes":[],"links":[]},"type":"topology"}`:                        "gns3",
		`{"application":{},"controllers":[],"hosts":[],"links":[],"switches":[],"version":"2"}`:          "mininet",
		`{"name":"w","schemaVersion":"1.5","workflow":{"specification":{"tasks":[]}}}`:                   "wfformat",
		"graph [\n  node [ id 0 ]\n]\n":                                                                  "gml",
		",a,b\na,0,1\nb,1,0\n":                                                                           "rtt-matrix",
		"name: x\ntopology:\n  nodes: {a: {kind: linux}}\n  links: [{endpoints: [\"a:eth1\", \"b:e\"]}]": "containerlab",
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		kind, name, err := importAs(l.state(t.Context(), &output{}, &output{}), path, "")
		if err != nil || name != want || (kind == catalogue.Networks) != (want != "wfformat") {
			t.Errorf("%s: %s %q, %v", text, kind, name, err)
		}
	}
}

// What is wrong with a network, a format or a key is said as the command line has it, with its remedy.
func TestImportRemedies(t *testing.T) {
	l := newBench(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bare := file("bare.gml", "graph [\n node [ id 1 ]\n node [ id 2 ]\n edge [ source 1 target 2 ]\n]\n")
	parts := file("parts.gml", "graph [\n node [ id 1 ]\n node [ id 2 ]\n]\n")
	matrix := file("matrix.csv", ",a,b,c\na,0,1,2\nb,1,0,4\n")
	twice := file("twice.yml", "name: x\ntopology:\n  nodes:\n    a: {kind: linux}\n    b: {kind: linux}\n  links:\n"+
		"    - endpoints: [\"a:eth1\", \"b:eth1\"]\n    - endpoints: [\"a:eth1\", \"b:eth2\"]\n")
	star := file("star.csv", "source,destination,min\na,x,10\nb,x,20\n")
	other := file("other.txt", "hello world\n")
	for _, c := range []struct {
		says string
		args []string
	}{
		{"bare.gml:4: the link from 1 to 2: it has no rate; give a default, as with --set defaults.rate=1Gbps",
			[]string{bare}},
		{"as with --set defaults.delay=1ms", []string{bare, "--set", "defaults.rate=1Gbps"}},
		{"as with --set hosts.per-node=1", []string{bare, "--set", "defaults.rate=1Gbps", "--set", "defaults.delay=1ms"}},
		{"as with --set component=largest", []string{parts, "--set", "hosts.per-node=1"}},
		{`--set hosts.per-nod=1: topology.import.hosts: unknown key "per-nod"; did you mean "per-node"?`,
			[]string{bare, "--set", "hosts.per-nod=1"}},
		{`--set componnt=all: topology.import: unknown key "componnt"; did you mean "component"?`,
			[]string{bare, "--set", "componnt=all"}},
		{`--format graphm: unknown; did you mean "graphml"?`, []string{bare, "--format", "graphm"}},
		{"matrix.csv:1: the matrix is not square: there are 3 names and 2 rows; the row \"c\"",
			[]string{matrix, "--set", "defaults.rate=1Gbps"}},
		{"star.csv:2: 1 of 3 pairs of hosts have no round-trip time (a has one with 1 of 2 others)",
			[]string{star, "--set", "defaults.rate=1Gbps"}},
		{"by way of others, as with --set unmeasured=estimate", []string{star, "--set", "defaults.rate=1Gbps"}},
		{"twice.yml:8: the interface \"a:eth1\" is at the end of the link of line 7 already", []string{twice}},
		{"where it is one, name its format with --format", []string{other}},
		{other + " begins as no network in one of ", []string{other, "--set", "hosts.per-node=1"}},
		{"where it is one, name its format with --format", []string{other, "--cloud", "hosts"}},
	} {
		l.want(ExitUsage, c.says, append([]string{"import"}, c.args...)...)
	}
	l.want(ExitOK, "gml): 2 hosts, 2 switches, 3 links, ", "import", bare, "--set", "hosts.per-node=1",
		"--set", "defaults.rate=1Gbps", "--set", "defaults.delay=1ms")
	l.want(ExitOK, "# delay: estimated, half of the round-trip time of 30ms by way of x", "import", star,
		"--set", "defaults.rate=1Gbps", "--set", "unmeasured=estimate")
	one := file("one.gml", "graph [\n node [ id 1 ]\n]\n")
	l.want(ExitOK, "gml): 1 host, 1 switch, 1 link, ", "import", one, "--set", "hosts.per-node=1")
	l.want(ExitUsage, "the format gml can be read, not written; write graphml or containerlab",
		"export", "--format", "gml", l.tiny)
	l.want(ExitUsage, `unknown format "foo"; write graphml or containerlab`, "export", "--format", "foo", l.tiny)
}

// What a format cannot say of a scenario is told, beside the file and in it; a format that can is silent.
func TestExportsTellWhatIsNotWritten(t *testing.T) {
	l := newBench(t)
	l.file("d.csv", "delay_ms\n1\n2\n5\n")
	const links = "runtime: docker\ntopology:\n" +
		"  nodes: {a: {image: i}, b: {image: i}, c: {image: i}, s: {kind: switch}}\n  links:\n" +
		"    - {endpoints: [a, s]%s}\n    - {endpoints: [b, s], delay: 1ms}\n    - {endpoints: [c, s]}\n"
	const routes = "hosts:\n  a: {addresses: [10.50.0.1/24], routes: [{to: 10.99.0.0/24, via: b}]}\n"
	constant := l.file("constant.yaml", "name: x\n"+fmt.Sprintf(links, ""))
	delays := l.file("delays.yaml", "name: x\n"+fmt.Sprintf(links, ", delays: d.csv"))
	routed := l.file("routed.yaml", "name: x\n"+fmt.Sprintf(links, "")+routes)
	const ofDelays = "not written: traces and distributions of delays, for which their means stand, of a-s"
	const ofRoutes = "not written: addresses and routes of a, b"
	for _, c := range []struct{ path, format, says string }{
		{constant, "graphml", ""}, {constant, "containerlab", ""}, {delays, "graphml", ofDelays},
		{delays, "containerlab", ofDelays}, {routed, "graphml", ofRoutes}, {routed, "containerlab", ""},
	} {
		got := l.want(ExitOK, c.says, "export", c.path, "--format", c.format)
		if c.says == "" && strings.Contains(got.stdout+got.stderr, "not written") ||
			c.says != "" && (!strings.Contains(got.stdout, c.says) || !strings.Contains(got.stderr, "note: "+c.says+"\n")) {
			t.Errorf("%s as %s: %s\nwant %q in:\n%s", c.path, c.format, got.stderr, c.says, got.stdout)
		}
	}
}

// What is wrong about a cloud is said of the file, with its line, or of the flag, and never of a scenario that nobody
// has seen.
func TestImportedClouds(t *testing.T) {
	l := newBench(t)
	lab := func(name, nodes, links string) string {
		return l.file(name, "name: x\ntopology:\n  nodes:\n"+nodes+"  links:\n"+links)
	}
	const hosts, sw = "    a: {kind: linux}\n    b: {kind: linux}\n", "    sw: {kind: bridge}\n"
	const links = "    - {endpoints: [\"a:eth1\", \"sw:e1\"]}\n    - {endpoints: [\"b:eth1\", \"sw:e2\"]%s}\n"
	good := lab("good.clab.yml", hosts+sw, fmt.Sprintf(links, ""))
	cloud := lab("cloud.clab.yml", hosts+sw+"    Cloud: {kind: bridge}\n", fmt.Sprintf(links, ""))
	named := lab("named.clab.yml", hosts+sw, fmt.Sprintf(links, ", vars: {name: cloud_up}"))
	own := lab("own.clab.yml", hosts+sw, fmt.Sprintf(links, ", vars: {name: cloud_b}"))
	torn := l.file("torn.graphml",
		`<graphml><graph edgedefault="directed">`+"\n"+`<node id="a"><data key="kind">host</data></node>
<node id="b"><data key="kind">host</data></node>
<edge source="a" target="b"><data key="rate">1Mbps</data><data key="delay">1ms</data></edge></graph></graphml>`)
	for _, c := range []struct {
		says string
		args []string
	}{
		{"--cloud sv: " + good + ` has no such node; did you mean "sw"?`, []string{good, "--cloud", "sv"}},
		{"--cloud zz99: " + good + " has no such node; write one of hosts, sw", []string{good, "--cloud", "zz99"}},
		{"--cloud a: " + good + ":4: that is a host, and a cloud hangs on a node that forwards, or on all hosts; " +
			"write one of hosts, sw", []string{good, "--cloud", "a"}},
		{"--cloud: it is empty; name a node that forwards, or hosts", []string{good, "--cloud", ""}},
		{cloud + ":7: the switch Cloud has the name that the scenario's cloud, or its link, is to have; rename it there",
			[]string{cloud, "--cloud", "sw"}},
		{named + ":9: the link cloud_up has the name", []string{named, "--cloud", "sw"}},
		{own + ":9: the link cloud_b has the name", []string{own, "--cloud", "hosts"}},
		{torn + ":2: there is no path to a from b; connect them with links\n", []string{torn}},
	} {
		got := l.want(ExitUsage, c.says, append([]string{"import"}, c.args...)...)
		if strings.Contains(got.stderr, "the scenario:") || strings.Contains(got.stderr, "topology.") {
			t.Errorf("%v: of a text that nobody has seen: %s", c.args, got.stderr)
		}
	}
	l.want(ExitOK, `cloud: {at: "sw"}`, "import", good, "--cloud", "sw")
	l.want(ExitOK, `cloud: {at: "sw"}`, "import", own, "--cloud", "sw") // cloud_b is free there
	l.want(ExitOK, `cloud: {at: "hosts"}`, "import", good, "--cloud", "hosts")
	zoo := l.file("zoo.gml", "graph [\n node [ id 7 label \"Z\u00fcrich\" ]\n]\n")
	for _, at := range []string{"Zurich", "Z\u00fcrich", "7"} {
		l.want(ExitOK, `cloud: {at: "Zurich"}`, "import", zoo, "--set", "hosts.per-node=1", "--cloud", at)
	}
}

// A scenario with a cloud, media and lines of one direction to and fro is exported for containerlab, and imported again
// with the same nodes and links, and their rates and delays.
func TestStudyScenarioThroughContainerlab(t *testing.T) {
	l := newBench(t)
	study := filepath.Join("..", "..", "scenarios", "iiot.yaml")
	lab, back := filepath.Join(l.dir, "iiot.clab.yml"), filepath.Join(l.dir, "back.yaml")
	l.want(ExitOK, "", "export", study, "--format", "containerlab", "-o", lab)
	got := l.want(ExitOK, "", "import", lab, "-o", back)
	if strings.Contains(got.stderr, "not taken over") || strings.Contains(got.stderr, "left out") {
		t.Errorf("something is lost: %s", got.stderr)
	}
	s := l.state(t.Context(), &output{}, &output{})
	var all [2]*network.Network
	for i, path := range []string{study, back} {
		topo, err := topologyAt(s, path)
		if err != nil {
			t.Fatal(err)
		}
		if all[i], err = network.Of(topo); err != nil {
			t.Fatal(err)
		}
	}
	nodes := func(n *network.Network) map[string]string {
		m := map[string]string{}
		for i := range n.Nodes {
			k := n.Nodes[i].Kind
			if k == topology.Cloud { // which is a host for others
				k = topology.Host
			}
			m[n.Nodes[i].Name] = k.String() + " " + n.Nodes[i].Class + " " + n.Nodes[i].Model
			if n.Nodes[i].Name == "cloud" {
				m[n.Nodes[i].Name] = k.String()
			}
		}
		return m
	}
	links := func(n *network.Network) map[string]string {
		m := map[string]string{}
		for i := range n.Links {
			l := &n.Links[i]
			ends := slices.Clone(l.Ends)
			if l.Type == topology.Shared {
				slices.Sort(ends)
			}
			m[l.Name] = fmt.Sprint(l.Type, l.Class, ends, l.Shape)
		}
		return m
	}
	if diff := cmp.Diff(nodes(all[0]), nodes(all[1])); diff != "" || len(all[0].Nodes) < 80 {
		t.Errorf("nodes came back (+) otherwise than they went (-):\n%s", diff)
	}
	if diff := cmp.Diff(links(all[0]), links(all[1])); diff != "" || len(all[0].Links) < 160 {
		t.Errorf("links came back (+) otherwise than they went (-):\n%s", diff)
	}
}
