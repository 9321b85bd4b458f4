package cli

import (
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/catalogue"
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
		{"twice.yml:8: the interface \"a:eth1\" is at the end of the link of line 7 already", []string{twice}},
		{"where it is one, name its format with --format", []string{other}},
	} {
		l.want(ExitUsage, c.says, append([]string{"import"}, c.args...)...)
	}
	l.want(ExitOK, "gml): 2 hosts, 2 switches, 3 links, ", "import", bare, "--set", "hosts.per-node=1",
		"--set", "defaults.rate=1Gbps", "--set", "defaults.delay=1ms")
	one := file("one.gml", "graph [\n node [ id 1 ]\n]\n")
	l.want(ExitOK, "gml): 1 host, 1 switch, 1 link, ", "import", one, "--set", "hosts.per-node=1")
	l.want(ExitUsage, "the format gml can be read, not written; write graphml or containerlab",
		"export", "--format", "gml", l.tiny)
	l.want(ExitUsage, `unknown format "foo"; write graphml or containerlab`, "export", "--format", "foo", l.tiny)
}
