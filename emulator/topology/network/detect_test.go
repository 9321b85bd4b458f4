package network_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/networktest"
)

// TestMarkedFilesAreTheSame: behind a byte-order mark, as editors write it, a file is in the same format and of the
// same network.
func TestMarkedFilesAreTheSame(t *testing.T) {
	c := builtin.Catalogue()
	for _, s := range samples {
		dir := t.TempDir()
		plain, marked := filepath.Join(dir, "plain"), filepath.Join(dir, "marked")
		for path, text := range map[string]string{plain: s.text, marked: "\ufeff" + s.text} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := network.DetectFile(c, marked); err != nil || !slices.Equal(got, []string{s.format}) {
			t.Errorf("%s is taken for %v, %v", s.format, got, err)
			continue
		}
		o := options(s.format)
		o.Component = network.LargestComponent
		var rendered [2]string
		for i, path := range []string{plain, marked} {
			g, err := network.Load(c, path, "", nil)
			if err != nil {
				t.Fatalf("%s: %v", s.format, err)
			}
			made, err := g.Resolve(o)
			if err != nil {
				t.Fatalf("%s: %v", s.format, err)
			}
			rendered[i] = networktest.Render(made)
		}
		if rendered[0] != rendered[1] {
			t.Errorf("%s is read with a mark as\n%s\nwithout one as\n%s", s.format, rendered[1], rendered[0])
		}
	}
}

// TestDetectedAsWritten: formats are recognized in the ways of writing that their syntax allows.
func TestDetectedAsWritten(t *testing.T) {
	c := builtin.Catalogue()
	for text, want := range map[string]string{
		`Creator "x" Version 1 graph [ node [ id 1 ] ]`:                                     "gml",
		"# x\n\tgraph\n[\n node [ id 1 ] ]":                                                 "gml",
		`<g:graphml xmlns:g="http://graphml.graphdrawing.org/xmlns"><g:graph/></g:graphml>`: "graphml",
		"<?xml version='1.0'?>\n<graphml>\n<graph/></graphml>":                              "graphml",
	} {
		if got := network.Detect(c, []byte(text)); !slices.Equal(got, []string{want}) {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

// TestComments: what stands behind a # in GML is none of it, wherever that is; one in quotes is a text.
func TestComments(t *testing.T) {
	plain := "graph [\nnode [ id 1 label \"a # b\" ]\nnode [ id 2 ]\nedge [ source 1 target 2 rate \"1Mbps\" ]\n]"
	commented := "# x [\n  # y\n" + strings.ReplaceAll(plain, "\n", " # z ] \"\n\t# node [\n") + "# end"
	f, err := network.Formats.Find(builtin.Catalogue(), "gml")
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"\n", "\r\n", "\r"} {
		o := networktest.Options()
		want := networktest.Render(networktest.Made(t, f, nil, plain, o))
		made := networktest.Made(t, f, nil, strings.ReplaceAll(commented, "\n", end), o)
		if got := networktest.Render(made); got != want || !strings.Contains(got, "switch a-b\n") {
			t.Errorf("with %q at the ends of lines, and comments, it is\n%s\nwithout\n%s", end, got, want)
		}
	}
}

// TestNetlabGroups: members of a group of links have its attributes, but for their own.
func TestNetlabGroups(t *testing.T) {
	const text = `nodes: [a, b, c, {name: h, device: linux}, {name: i, device: linux}]
links:
- group: core
  tc: {delay: 10, rate: 1000}
  type: lan
  members:
  - a-b
  - a:
      tc: {rate: 3000}
    c:
    tc: {delay: 20}
    type: p2p
  - group: inner
    tc.loss: 1
    members: [[b, c]]
- h-a
- i-b
`
	const want = `switch a
switch b
switch c
host h
host i
switch lan-line-7
switch lan-line-15
duplex a-lan-line-7: a lan-line-7 1Mbps 10ms | -
duplex b-lan-line-7: b lan-line-7 1Mbps 10ms | -
duplex a-c: a c 3Mbps 20ms | 1Mbps 20ms
duplex b-lan-line-15: b lan-line-15 1Mbps 10ms loss 0.01 | -
duplex c-lan-line-15: c lan-line-15 1Mbps 10ms loss 0.01 | -
duplex h-a: h a -
duplex i-b: i b -
`
	c := builtin.Catalogue()
	f, err := network.Formats.Find(c, "netlab")
	if err != nil {
		t.Fatal(err)
	}
	made := networktest.Made(t, f, c.Defaults(catalogue.Networks, "netlab"), text, options("netlab"))
	if got := networktest.Render(made); got != want || len(made.Notes) > 0 {
		t.Errorf("%s%q, want\n%s", got, made.Notes, want)
	}
}

// TestNetlabUnknownNodes: a link to a node that nobody declares is refused, however it is written.
func TestNetlabUnknownNodes(t *testing.T) {
	f, err := network.Formats.Find(builtin.Catalogue(), "netlab")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{
		"a-x", "[a, x]", "{a: , x: }", "{a: , x: {ifname: e1}}", "{a: , x: {tc: {delay: 1}}}", "{interfaces: [a, x]}",
		"{interfaces: [a, {node: x}]}", "x", "[x]", "{x: }", "{group: g, members: [a-x]}", "{tc: {delay: 1}}", "",
	} {
		g, err := f.Parse([]byte("nodes: [a, b]\nlinks:\n- a-b\n- "+link), nil)
		if err == nil {
			_, err = g.Resolve(networktest.Options())
		}
		if err == nil || !strings.Contains(err.Error(), "line 4: ") ||
			!strings.Contains(err.Error(), `no node "x"`) && !strings.Contains(err.Error(), "names no node") {
			t.Errorf("%s: %v", link, err)
		}
	}
}
