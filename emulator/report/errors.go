package report

import (
	"math"
	"slices"

	"testbed/emulator/compare"
	"testbed/emulator/plan"
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

// parts is where the difference arises: by model, the mean difference per chain by its causes or, in
// comparisons that do not tell causes apart, by the role of the steps.
func parts(report *compare.Report) *figures.Stack {
	s := &figures.Stack{
		Name:   "error-by-part",
		Label:  "Measured - predicted (ms per chain)",
		Column: "difference_ms_per_chain",
	}
	contributions := make([]map[string]float64, len(report.Models))
	known := map[string]bool{}
	for i := range report.Models {
		contributions[i] = contributed(&report.Models[i])
		for name := range contributions[i] {
			known[name] = true
		}
	}
	for _, name := range partNames() {
		if known[name] {
			s.Parts, s.Looks = append(s.Parts, name), append(s.Looks, partLook(name))
		}
	}
	for i := range report.Models {
		if len(contributions[i]) == 0 {
			continue
		}
		values := make([]float64, len(s.Parts))
		for k, name := range s.Parts {
			values[k] = contributions[i][name]
		}
		s.Bars, s.Values = append(s.Bars, string(report.Models[i].Model)), append(s.Values, values)
	}
	return s
}

// apart says whether any comparison tells the transfers' residual apart.
func apart(reports []*compare.Report) bool {
	return slices.ContainsFunc(reports, func(r *compare.Report) bool { return r.Has(compare.ModelError) })
}

// partLook is the number of a part's look. What transfers' residual is told apart into comes after all other causes, so
// that those look as they always did; waits for instances after everything.
func partLook(name string) int {
	apart := []string{string(compare.HostLateness), string(compare.Waiting), string(compare.ModelError)}
	last := []string{string(compare.ColdStart), string(compare.InstanceQueue), plan.Start.String()}
	others := slices.DeleteFunc(partNames(), func(of string) bool {
		return slices.Contains(apart, of) || slices.Contains(last, of)
	})
	causes := len(compare.CauseNames) - 2 // without the two of last
	return slices.Index(append(slices.Insert(others, causes-len(apart), apart...), last...), name)
}

// contributed is the mean difference in ms per chain by part; parts that are nothing are left out.
func contributed(g *compare.Group) map[string]float64 {
	out := map[string]float64{}
	for _, c := range g.Causes {
		if c.Difference.Mean != 0 {
			out[string(c.Cause)] = 1000 * c.Difference.Mean
		}
	}
	if len(g.Causes) > 0 {
		return out
	}
	for _, r := range g.Roles {
		out[r.Role] = 1000 * r.PerChain
	}
	return out
}

// partNames are all causes and roles, in the order in which they are shown.
func partNames() []string {
	var names []string
	for _, c := range compare.CauseNames {
		names = append(names, string(c))
	}
	for r := plan.Request; r <= plan.Start; r++ {
		names = append(names, r.String())
	}
	return names
}
