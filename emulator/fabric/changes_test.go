package fabric

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// plan is two hosts on a medium, a server on a line, and two exchanges between them that no link joins.
func plan(t *testing.T) *topology.Topology {
	t.Helper()
	graph := topology.New("plan")
	shape := topology.Shape{Rate: 10 * units.Mbps}
	for _, v := range []topology.Vertex{{Name: "a"}, {Name: "b"}, {Name: "server"},
		{Name: "air", Kind: topology.Link, LinkType: topology.Shared, Shape: [2]topology.Shape{shape}},
		{Name: "line", Kind: topology.Link, LinkType: topology.Duplex, Shape: [2]topology.Shape{shape, shape}},
		{Name: "ix0", Kind: topology.Exchange}, {Name: "ix1", Kind: topology.Exchange}} {
		if _, err := graph.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, ends := range [][2]string{{"a", "air"}, {"b", "air"}, {"air", "ix0"}, {"ix0", "ix1"}, {"ix1", "line"},
		{"line", "server"}} {
		one, _ := graph.Lookup(ends[0])
		two, _ := graph.Lookup(ends[1])
		graph.Join(one, two, time.Millisecond)
	}
	return graph
}

// The delay of an edge belongs to the queues whose packets pass it.
func TestChangesOfEdges(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"a", "air", "air/0 from a,b,ix0: delay from a to air 3ms, was 1ms"},
		{"air", "ix0", "air/0 from a,b,ix0: delay from air to ix0 3ms, was 1ms"},
		{"ix1", "line", "line/0 from ix1: delay from ix1 to line 3ms, was 1ms"},
		{"line", "server", "line/0 from ix1: delay from line to server 3ms, was 1ms"},
		{"server", "line", "line/1 from server: delay from server to line 3ms, was 1ms"},
		{"line", "ix1", "line/1 from server: delay from line to ix1 3ms, was 1ms"},
		{"ix0", "ix1", "ix1/0 from ix0: delay from ix0 to ix1 3ms, was 1ms"},
	} {
		was, now := plan(t), plan(t)
		from, _ := now.Lookup(c.from)
		to, _ := now.Lookup(c.to)
		i := slices.IndexFunc(now.Adjacency[from], func(e topology.Edge) bool { return e.To == to })
		now.Adjacency[from][i].Delay = 3 * time.Millisecond
		found := Changes(Network{Topology: now}, Network{Topology: was})
		if len(found) != 1 {
			t.Errorf("%s to %s: %+v", c.from, c.to, found)
			continue
		}
		d := found[0]
		got := fmt.Sprintf("%s/%d from %s: %s %s, was %s", d.Link, d.Dir, d.From, d.Property, d.Want, d.Have)
		if got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// Networks of the same vertices in another order do not differ by that, and queues differ as Differences says.
func TestChangesOfQueues(t *testing.T) {
	was, now := Network{Topology: plan(t)}, Network{Topology: plan(t)}
	if found := Changes(now, was); len(found) > 0 {
		t.Errorf("of the same: %+v", found)
	}
	line, _ := now.Topology.Lookup("line")
	now.Topology.Vertices[line].Shape[1].Rate = units.Mbps
	if found := Changes(now, was); !slices.Equal(found, Differences(Wanted(now), Wanted(was))) || len(found) != 1 {
		t.Errorf("of a rate: %+v", found)
	}
	if found := Changes(Network{}, was); len(found) != 3 {
		t.Errorf("of a network without a topology: %+v", found)
	}
}
