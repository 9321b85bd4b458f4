package network_test

import (
	"encoding/csv"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/topology"
	"testbed/emulator/topology/network"
	"testbed/emulator/topology/network/networktest"
)

// zoo unpacks the reference's graphs beside links to those that lie open, and skips where they are absent.
func zoo(t *testing.T) string {
	t.Helper()
	root := os.Getenv("TB_REFERENCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared", "reference")
	}
	root, err := filepath.Abs(filepath.Join(root, "topologies"))
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(root, "zoo.tar.xz")
	if _, err := os.Stat(archive); err != nil {
		t.Skipf("the reference data are not here (TB_REFERENCE names their directory): %v", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "zoo.tar.xz"), 0o700); err != nil {
		t.Fatal(err)
	}
	unpack := exec.CommandContext(t.Context(), "tar", "-xJf", archive, "-C", filepath.Join(dir, "zoo.tar.xz"))
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Skipf("tar cannot unpack it: %v %s", err, out)
	}
	for _, pattern := range []string{"*.graphml", "*.gml"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if err := os.Symlink(f, filepath.Join(dir, filepath.Base(f))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// TestZoo holds every graph of the Internet Topology Zoo against what NetworkX counts (testdata/zoo.py), and makes a
// network of it or is told, with lines, what it lacks.
func TestZoo(t *testing.T) { asCounted(t, zoo(t), "zoo.csv", 185) }

// TestWayfarer does the same with an invented graph of that kind, wherever the others are not.
func TestWayfarer(t *testing.T) { asCounted(t, "testdata", "wayfarer.csv", 1) }

// asCounted holds the graphs of a directory against the rows of a file, of which there are so many at least.
func asCounted(t *testing.T, dir, counted string, least int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", counted))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil || len(rows) < least {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	c := builtin.Catalogue()
	refused := 0
	for _, row := range rows {
		figures := make([]float64, len(row))
		for i := range row[1:] {
			if figures[i+1], err = strconv.ParseFloat(row[i+1], 64); err != nil {
				t.Fatal(err)
			}
		}
		g, err := network.Load(c, filepath.Join(dir, row[0]), "", nil)
		if err != nil {
			t.Errorf("%s: %v", row[0], err)
			continue
		}
		hold(t, row[0], g, figures)
		refused += lacking(t, row[0], g)
	}
	t.Logf("%d graphs, of which %d have no rate or delay for some link", len(rows), refused)
}

// hold compares a graph with the figures of its row.
func hold(t *testing.T, name string, g *network.Graph, want []float64) {
	t.Helper()
	places := map[string]*network.Position{}
	for i := range g.Nodes {
		places[g.Nodes[i].ID] = g.Nodes[i].Place
	}
	rates, rate, lengths, length := 0, 0.0, 0, 0.0
	for i := range g.Links {
		l := &g.Links[i]
		if l.Shape[0].HasRate && len(l.Notes) == 0 {
			rates++
			rate += float64(l.Shape[0].Rate)
		}
		if p, q := places[l.Ends[0].Node], places[l.Ends[1].Node]; p != nil && q != nil {
			lengths++
			length += p.Distance(q)
		}
	}
	made, err := g.Resolve(networktest.Options())
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	switches := len(made.Nodes) - made.Hosts()
	got := []float64{0, float64(len(g.Nodes)), float64(len(g.Links)), want[3], float64(switches),
		float64(len(made.Links) - made.Hosts()), float64(rates), rate, float64(lengths), length}
	for i := range got {
		if math.Abs(got[i]-want[i]) > 1e-9*math.Abs(want[i])+1e-6 {
			t.Errorf("%s: column %d is %v, not %v", name, i+1, got[i], want[i])
		}
	}
	topo, err := made.Topology()
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	for _, err := range topo.Validate() {
		t.Errorf("%s: %v", name, err)
	}
	derived(t, name, topo, made)
}

// derived holds the delays of links between places against their distance.
func derived(t *testing.T, name string, topo *topology.Topology, made *network.Network) {
	t.Helper()
	places := map[string]*network.Position{}
	for i := range made.Nodes {
		places[made.Nodes[i].Name] = made.Nodes[i].Place
	}
	for i := range made.Links {
		l := &made.Links[i]
		p, q := places[l.Ends[0]], places[l.Ends[1]]
		if p == nil || q == nil {
			continue
		}
		id, _ := topo.Lookup(l.Name)
		want := p.Distance(q) / 199861.638667
		if got := topo.Vertices[id].Shape[1].Delay.Seconds(); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %s has a delay of %v s, not %v", name, l.Name, got, want)
		}
	}
}

var lined = regexp.MustCompile(`^line \d+: the link from \S+ to \S+: it has no (rate|delay)`)

// lacking is 1 where a graph without defaults is refused, for which every reason has its line.
func lacking(t *testing.T, name string, g *network.Graph) int {
	t.Helper()
	missing := false
	places := map[string]bool{}
	for i := range g.Nodes {
		places[g.Nodes[i].ID] = g.Nodes[i].Place != nil
	}
	for i := range g.Links {
		l := &g.Links[i]
		missing = missing || !l.Shape[0].HasRate || !places[l.Ends[0].Node] || !places[l.Ends[1].Node]
	}
	o := networktest.Options()
	o.Defaults, o.Component = [2]network.Shape{}, network.AllComponents
	o.Hosts.At = []string{g.Nodes[0].ID}
	_, err := g.Resolve(o)
	if (err != nil) != missing {
		t.Errorf("%s: something is missing: %v, and the error: %v", name, missing, err)
	}
	if err == nil {
		return 0
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		if !lined.MatchString(line) && line != "and more of the kind" {
			t.Errorf("%s: refused without a line: %s", name, line)
		}
	}
	return 1
}
