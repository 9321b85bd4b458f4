package report

import (
	"math"
	"slices"

	"testbed/emulator/compare"
	"testbed/emulator/report/figures"
	"testbed/emulator/report/run"
)

// Bounds of the scatter: above so many chains they are drawn as the means of cells, and no model has more
// cells than this with one engine.
const (
	mostDots  = 4000
	mostCells = 700
)

// scatter is measured against predicted total latency, chain by chain. Where there are too many chains it
// has one dot for each cell of a logarithmic grid, at the mean of its chains; it then says so.
func scatter(r *run.Run, engine int) (s *figures.Scatter, aggregated bool) {
	s = &figures.Scatter{Name: "measured-against-predicted", Unit: "s", What: "total latency", Column: "total_s"}
	by := map[string][]figures.Dot{}
	n := 0
	for i := range r.Chains {
		c := &r.Chains[i]
		if p := of(c, engine); c.OK && p != nil {
			by[c.Model] = append(by[c.Model], figures.Dot{Predicted: p.Latency, Measured: c.Measured.Latency, Count: 1})
			n++
		}
	}
	for _, m := range r.Models {
		dots := by[m]
		if n > mostDots {
			dots = cells(dots)
		}
		if len(dots) > 0 {
			s.Clouds = append(s.Clouds, figures.Cloud{Model: m, Dots: dots})
		}
	}
	return s, n > mostDots
}

// cells joins dots that are close to each other, on a grid that is as fine as the number of cells allows.
func cells(dots []figures.Dot) []figures.Dot {
	for perDecade := 100; ; perDecade = perDecade * 4 / 5 {
		joined := join(dots, float64(perDecade))
		if len(joined) <= mostCells || perDecade < 5 {
			return joined
		}
	}
}

func join(dots []figures.Dot, perDecade float64) []figures.Dot {
	type cell struct{ x, y int }
	index := map[cell]int{}
	var out []figures.Dot
	for _, d := range dots {
		if !(d.Predicted > 0 && d.Measured > 0) {
			continue
		}
		k := cell{int(math.Floor(math.Log10(d.Predicted) * perDecade)), int(math.Floor(math.Log10(d.Measured) * perDecade))}
		i, ok := index[k]
		if !ok {
			i = len(out)
			index[k] = i
			out = append(out, figures.Dot{})
		}
		o := &out[i]
		o.Count++
		o.Predicted += (d.Predicted - o.Predicted) / float64(o.Count)
		o.Measured += (d.Measured - o.Measured) / float64(o.Count)
	}
	return out
}

// byLength is the median relative error against the length of chains, with a bar up to the 95th percentile.
func byLength(report *compare.Report) *figures.Figure {
	curves := map[string]*figures.Curve{}
	var order []string
	for i := range report.Lengths {
		g := &report.Lengths[i]
		if g.Paired == 0 {
			continue
		}
		name := string(g.Model)
		if curves[name] == nil {
			curves[name] = &figures.Curve{Model: name, Policy: report.Policy}
			order = append(order, name)
		}
		e := g.Total.Error
		curves[name].Points = append(curves[name].Points, figures.Point{X: float64(g.Length), Y: 100 * e.Median,
			Low: 100 * e.Median, High: 100 * e.P95, Samples: g.Paired})
	}
	f := &figures.Figure{
		Name: "error-by-length", Title: "Relative error of total latency against chain length",
		X:    figures.Axis{Label: "Chain length (invocations)", Column: "length"},
		Y:    figures.Axis{Label: "Relative error (%), median to p95", Column: "error_percent", Log: true},
		Bars: true, MarkSize: 0.8,
	}
	for _, name := range order {
		slices.SortFunc(curves[name].Points, func(a, b figures.Point) int { return int(a.X - b.X) })
		f.Curves = append(f.Curves, *curves[name])
	}
	return f
}

// parts is where the difference arises: by model, the mean difference per chain by the role of the steps.
func parts(report *compare.Report) *figures.Stack {
	s := &figures.Stack{Name: "error-by-part", Label: "Measured - predicted (ms per chain)", Column: "difference_ms_per_chain"}
	for i := range report.Models {
		for _, role := range report.Models[i].Roles {
			if !slices.Contains(s.Parts, role.Role) {
				s.Parts = append(s.Parts, role.Role)
			}
		}
	}
	for i := range report.Models {
		g := &report.Models[i]
		if len(g.Roles) == 0 {
			continue
		}
		values := make([]float64, len(s.Parts))
		for _, role := range g.Roles {
			values[slices.Index(s.Parts, role.Role)] = 1000 * role.PerChain
		}
		s.Bars, s.Values = append(s.Bars, string(g.Model)), append(s.Values, values)
	}
	return s
}
