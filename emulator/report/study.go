package report

import (
	"math"
	"slices"

	"testbed/emulator/report/figures"
	"testbed/emulator/report/run"
)

const (
	megabyte  = 1e6
	rankSteps = 100 // points of a curve of figure 5
	loadSteps = 60  // points of a curve of figure 4
)

// told is what the study's figures of a run tell apart by dash and fill.
const told = "series"

// traffic is the study's figure 4 for a run: the mean traffic per chain as more and more jobs are done. What
// is predicted is payload times links; what is measured is what the links' counters say, with headers,
// acknowledgements and retransmissions, where the models ran one after the other.
func traffic(r *run.Run, engine int) *figures.Figure {
	var curves []figures.Curve
	for _, m := range r.Models {
		var chains []*run.Chain
		sum := 0.0
		var predicted []figures.Point
		for i := range r.Chains {
			c := &r.Chains[i]
			if c.Model != m || !c.OK {
				continue
			}
			chains = append(chains, c)
			if engine < len(c.Predicted) && c.Predicted[engine] != nil {
				sum += float64(c.Predicted[engine].Traffic)
				predicted = append(predicted, point(float64(len(predicted)+1), sum/float64(len(predicted)+1)/megabyte))
			}
		}
		curves = append(curves, figures.Curve{Model: m, Policy: figures.Measured, Points: onWire(r.Load.Wire[m], chains)},
			figures.Curve{Model: m, Policy: engineName(r, engine), Points: thinned(predicted, loadSteps)})
	}
	f := figures.Traffic(nonempty(curves))
	f.X.Label, f.X.Ticks, f.Told, f.Bars, f.MarkEvery = "Load (jobs done)", nil, told, false, 0.2
	return f
}

// onWire is the mean of the bytes sent per chain, at the instants of the samples. A chain that is under
// way counts by the share of its time that has passed.
func onWire(sent []run.At, chains []*run.Chain) []figures.Point {
	var points []figures.Point
	for _, at := range thinned(sent, loadSteps) {
		done := 0.0
		for _, c := range chains {
			if took := c.End.Sub(c.Start); took > 0 {
				done += min(1, max(0, float64(at.Time.Sub(c.Start))/float64(took)))
			}
		}
		if done >= 1 {
			points = append(points, point(done, at.Bytes/done/megabyte))
		}
	}
	return points
}

// latency is the study's figure 5: all latencies in ascending order.
func latency(r *run.Run, engine int) *figures.Figure {
	var curves []figures.Curve
	for _, m := range r.Models {
		var measured, predicted []float64
		for i := range r.Chains {
			c := &r.Chains[i]
			if c.Model == m && c.OK {
				measured = append(measured, c.Measured.Latency)
				if p := of(c, engine); p != nil {
					predicted = append(predicted, p.Latency)
				}
			}
		}
		curves = append(curves, figures.Curve{Model: m, Policy: figures.Measured, Points: ranks(measured)},
			figures.Curve{Model: m, Policy: engineName(r, engine), Points: ranks(predicted)})
	}
	f := figures.Latency(nonempty(curves))
	f.ByPolicy, f.Told, f.MarkEvery = true, told, 0.2
	return f
}

// ranks are the values in ascending order at so many ranks from 0 to 1, or all where they are few.
func ranks(values []float64) []figures.Point {
	slices.Sort(values)
	n := len(values)
	if n == 0 {
		return nil
	}
	count := min(n, rankSteps+1)
	points := make([]figures.Point, count)
	for i := range points {
		at := 0.0
		if count > 1 {
			at = float64(i) / float64(count-1)
		}
		points[i] = point(at, values[int(math.Round(at*float64(n-1)))])
	}
	return points
}

// length is the study's figure 6: the mean network latency against the number of invocations.
func length(r *run.Run, engine int) *figures.Figure {
	var curves []figures.Curve
	for _, m := range r.Models {
		measured, predicted := map[int][]float64{}, map[int][]float64{}
		for i := range r.Chains {
			c := &r.Chains[i]
			if c.Model != m || !c.OK {
				continue
			}
			measured[c.Length] = append(measured[c.Length], c.Measured.Network)
			if p := of(c, engine); p != nil {
				predicted[c.Length] = append(predicted[c.Length], p.Network)
			}
		}
		curves = append(curves, figures.Curve{Model: m, Policy: figures.Measured, Points: means(measured)},
			figures.Curve{Model: m, Policy: engineName(r, engine), Points: means(predicted)})
	}
	f := figures.Length(nonempty(curves))
	f.ByPolicy, f.Told = true, told
	return f
}

func means(by map[int][]float64) []figures.Point {
	var points []figures.Point
	for length, values := range by {
		points = append(points, figures.Mean(float64(length), values))
	}
	slices.SortFunc(points, func(a, b figures.Point) int { return int(a.X - b.X) })
	return points
}

// of is what an engine predicts of a chain; nil: nothing.
func of(c *run.Chain, engine int) *run.Predicted {
	if engine >= len(c.Predicted) {
		return nil
	}
	return c.Predicted[engine]
}

func engineName(r *run.Run, engine int) string {
	if engine < len(r.Engines) {
		return r.Engines[engine]
	}
	return ""
}

// point is one without an interval.
func point(x, y float64) figures.Point {
	return figures.Point{X: x, Y: y, Low: math.NaN(), High: math.NaN(), Samples: 1}
}

// thinned are so many of the values at most, evenly, with the first and the last.
func thinned[T any](values []T, most int) []T {
	if len(values) <= most {
		return values
	}
	kept := make([]T, most)
	for i := range kept {
		kept[i] = values[i*(len(values)-1)/(most-1)]
	}
	return kept
}

// nonempty leaves out curves without points.
func nonempty(curves []figures.Curve) []figures.Curve {
	return slices.DeleteFunc(curves, func(c figures.Curve) bool { return len(c.Points) == 0 })
}
