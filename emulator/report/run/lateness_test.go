package run

import (
	"math"
	"testing"
	"time"

	"testbed/emulator/record"
)

// Four chains of a second, one after the other: the host's part is known of three, of one of them without the
// fabric's, and an attempt of the third was made again.
func TestLatenessOverTime(t *testing.T) {
	d, err := record.MakeDirectory(t.TempDir(), record.RunName("late", begin))
	if err != nil {
		t.Fatal(err)
	}
	at := func(end float64, h *record.HostLate, again bool) record.Chain {
		return record.Chain{Tags: record.Tags{Run: d.Run(), Model: "external", Length: 1}, Time: begin.Add(seconds(end)),
			Measured: record.Times{Latency: 1}, Host: h, Superseded: again, Index: int(end)}
	}
	for _, c := range []record.Chain{
		at(1, &record.HostLate{All: 0.002, Fabric: 0.001, Nodes: 0.0015, FabricKnown: true}, false),
		at(2, &record.HostLate{All: 0.3, Nodes: 0.3}, false),
		at(3, &record.HostLate{All: 0.5, Fabric: 0.4, Nodes: 0.2, FabricKnown: true}, true),
		at(3.5, &record.HostLate{FabricKnown: true}, false),
		at(5, nil, false),
	} {
		if err := d.Write(c, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 {
		if err := d.Observe(nil, &record.Host{Run: d.Run(), Time: begin.Add(seconds(float64(i) + 1)), Interval: 1,
			Late: &record.PacketsLate{P99: float64(i+1) / 1e4}}); err != nil {
			t.Fatal(err)
		}
	}
	r := ended(t, d)
	l := &r.Lateness
	if l.Width != 250*time.Millisecond || !l.Known() {
		t.Fatalf("%+v", l)
	}
	none := math.NaN()
	for _, c := range []struct {
		at                               float64 // s
		fabric, nodes, repeated, packets float64
	}{
		{0.6, 0.001, 0.0015, 0, 1e-4}, {1.6, none, 0.3, 0, 2e-4}, {2.3, none, none, 0.5, 3e-4}, {3.3, 0, 0, 0, 4e-4},
		{4.6, none, none, none, none},
	} {
		i := int(c.at / l.Width.Seconds())
		for name, s := range map[string]struct {
			of   Series
			want float64
		}{"fabric": {l.Fabric, c.fabric}, "nodes": {l.Nodes, c.nodes}, "repeated": {l.Repeated, c.repeated},
			"packets": {l.Packets, c.packets}} {
			got := none
			if i < len(s.of) {
				got = s.of[i]
			}
			if got != s.want && !(math.IsNaN(got) && math.IsNaN(s.want)) {
				t.Errorf("%s at %v s: %v, want %v", name, c.at, got, s.want)
			}
		}
	}
}
