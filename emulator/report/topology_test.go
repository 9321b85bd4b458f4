package report

import (
	"strings"
	"testing"

	"testbed/emulator/record"
	"testbed/emulator/topology"
)

// A topology that nobody could read is not drawn, and the page says so.
func TestLargeTopologiesAreNotDrawn(t *testing.T) {
	dir := generate(t, 8)
	large := topology.New("large")
	for i := range mostDrawn + 1 {
		if _, err := large.Add(topology.Vertex{Name: "n" + strings.Repeat("x",
			i%3) + string(rune('a'+i%26)) + strings.Repeat("y", i/26%40) + "_" + strings.Repeat("z", i/1040),
			Kind: topology.Switch}); err != nil {
			t.Fatal(err)
		}
	}
	long := star(t, 3)
	long.Vertices[0].Name = strings.Repeat("n", mostMarkup)
	for what, top := range map[string]*topology.Topology{"many nodes": large, "a long name": long} {
		if err := record.WriteTopology(dir, top); err != nil {
			t.Fatal(err)
		}
		page, r, errs := everything(dir)
		if page == "" || !strings.Contains(strings.Join(r.Missing, "\n"), "is not drawn") {
			t.Errorf("%s: %v", what, errs)
		}
	}
}
