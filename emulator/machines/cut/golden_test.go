package cut_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/machines/cut"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

var update = flag.Bool("update", false, "write the golden files")

// shipped is the topology of one of the project's scenarios.
func shipped(t testing.TB, name string) *topology.Topology {
	t.Helper()
	s, err := scenario.Load(filepath.Join("..", "..", "..", "scenarios", name+".yaml"), builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	graph, err := s.Topology()
	if err != nil {
		t.Fatal(err)
	}
	return graph
}

// TestGolden: the study's networks on one to six machines, with floors that leave a choice and that leave none.
func TestGolden(t *testing.T) {
	for _, name := range []string{"iiot", "urban-sensing"} {
		graph := shipped(t, name)
		var text strings.Builder
		for _, floor := range []time.Duration{time.Millisecond, 20 * time.Millisecond} {
			for _, machines := range []string{"1", "2", "3", "4", "6", "a,b=2"} {
				fmt.Fprintf(&text, "%s on %s, floor %v\n", name, machines, floor)
				r, err := cut.Find(graph, cut.Options{Machines: list(t, machines), Floor: floor})
				if err != nil {
					fmt.Fprintf(&text, "  refused: %v\n", err)
					continue
				}
				describe(&text, graph, r)
			}
		}
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if text.String() != string(want) {
			t.Errorf("%s is another one (go test -update writes it):\n%s", path, text.String())
		}
	}
}

// describe prints a cut in short: loads, and the crossings but those to the cloud, of which there are many.
func describe(w *strings.Builder, graph *topology.Topology, r *cut.Result) {
	var least time.Duration
	toCloud := 0
	var links []string
	for _, c := range r.Crossings {
		if least == 0 || c.Delay < least {
			least = c.Delay
		}
		if id, ok := graph.Lookup(c.Link); ok && graph.LeavesEdge(id) {
			toCloud++
			continue
		}
		links = append(links, fmt.Sprintf("%s %d>%d", c.Link, c.FromMachine, c.ToMachine))
	}
	for i, load := range r.Loads {
		hosts := r.Partition.Hosts(graph, i)
		fmt.Fprintf(w, "  %d: %d nodes, %d forward, from %s to %s\n", i, load.Nodes, load.Forwards, slices.Min(hosts),
			slices.Max(hosts))
	}
	fmt.Fprintf(w, "  %.1f %% of the rate crosses, after %v at least: %d to or from the cloud, %s\n", 100*r.Share, least,
		toCloud, strings.Join(links, ", "))
	for _, note := range r.Notes {
		fmt.Fprintf(w, "  note: %s\n", note)
	}
}
