package study

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
)

func TestTrends(t *testing.T) {
	growing := func(_ plan.Model, length int) float64 { return float64(length) }
	shrinking := func(m plan.Model, length int) float64 {
		if m == plan.InEdge {
			return float64(100 - length)
		}
		return float64(length)
	}
	// The study's words: under load in-client has most; with each 100 jobs all has 4 % more, and under load+net the calls
	// of in-function, which are part of all models' traffic, take 10 % more.
	as := func(perHundred, calls, client int64) func(int, placement.Policy, plan.Model) int64 {
		return func(jobs int, p placement.Policy, m plan.Model) int64 {
			base := map[plan.Model]int64{plan.External: 110, plan.InEdge: 300, plan.InFunction: 100, plan.InClient: 130}[m]
			if p == placement.Load {
				base = map[plan.Model]int64{plan.External: 500, plan.InEdge: 600, plan.InFunction: 500, plan.InClient: client}[m]
				return base * (1000 + perHundred*int64(jobs)/100)
			}
			return base * (1000 + calls*int64(jobs)/100)
		}
	}
	for _, c := range []struct {
		name    string
		network func(plan.Model, int) float64
		traffic func(int, placement.Policy, plan.Model) int64
		want    string
	}{
		{"as the study says, but for the way to the centre", growing, as(40, 40, 700), "hhhnh"},
		{"to the centre", growing, as(40, 100, 700), "hnhhh"},
		{"no more traffic", growing, as(0, 0, 700), "hnhnh"},
		{"in-edge has more", growing, as(40, 40, 599), "nhhnh"},
		{"one model is slower where chains are short", shrinking, as(40, 40, 700), "hhhnn"},
	} {
		got := Statements(inventedTraffic(c.network, c.traffic))[6:]
		if v := verdicts(got); v != c.want {
			var table bytes.Buffer
			_ = WriteTable(&table, got)
			t.Errorf("%s: %s, want %s\n%s", c.name, v, c.want, &table)
		}
	}
}

// In the study's own axes the distribution of latencies ends at 2 s, and chains longer than 25 are left out.
func TestFiguresAsPublished(t *testing.T) {
	r := invented(func(_ plan.Model, length int) float64 { return float64(length) * 100 }, map[plan.Model]int64{})
	all := Figures(r, builtin.Catalogue())
	if len(all) != 6 {
		t.Fatalf("%d figures", len(all))
	}
	traffic, latency, length := all[3], all[4], all[5]
	if traffic.Y.Log || len(traffic.Curves) != 8 || traffic.Curves[0].Points[4].Y != 10 {
		t.Errorf("%+v", traffic)
	}
	// Latencies are 0.1 to 4 s: half of the chains take 2 s at most.
	points := latency.Curves[0].Points
	last := points[len(points)-1]
	if last.X != 2000 || math.Abs(last.Y-0.49) > 0.02 || points[0].Y != 0 || latency.X.Max != 2000 || latency.Y.Log {
		t.Errorf("the distribution ends at %+v", last)
	}
	points = length.Curves[0].Points
	if len(points) != 24 || points[0].X != 2 || points[23].X != 25 || math.Abs(points[0].Y-200.2) > 0.01 || length.Y.Log {
		t.Errorf("%+v", points)
	}
	for _, f := range all[3:] {
		if picture, err := f.Render("svg"); err != nil || !strings.HasSuffix(f.Name, "-as-published") || len(picture) == 0 {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}
