package verify

import (
	"strings"
	"testing"

	"testbed/emulator/topology"
)

// TestExtentCountsWhatWasMeasured: a link of which a finding says that it could not be measured was not.
func TestExtentCountsWhatWasMeasured(t *testing.T) {
	graph := topology.New("t")
	for _, v := range []topology.Vertex{{Name: "one", Kind: topology.Link}, {Name: "two", Kind: topology.Link},
		{Name: "three", Kind: topology.Link, Class: "other"}} {
		if _, err := graph.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		findings []Finding
		want     string
	}{
		{nil, "measured 0 of 3 links"},
		{[]Finding{{Link: "one"}, {Link: "one"}, {Link: "two", Skipped: true}, {Link: "three", Unmeasured: true},
			{Unmeasured: true}}, "measured 1 of 3 links"},
		{[]Finding{{Link: "one"}, {Link: "two"}, {Link: "three"}}, "measured 3 of 3 links"},
	} {
		if got := Extent(graph, c.findings, 2); !strings.HasPrefix(got, c.want) {
			t.Errorf("%+v: %s, want %s", c.findings, got, c.want)
		}
	}
}
