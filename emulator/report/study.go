package report

import (
	"math"
	"slices"

	"testbed/emulator/report/figures"
	"testbed/emulator/report/run"
)

const (
	megabyte  = 1e6
	loadSteps = 60 // points of a curve of figure 4
)

// told is what the study's figures of a run tell apart by dash and fill.
const told = "series"

// traffic is the study's figure 4 for a run: the mean traffic per chain as more and more jobs are done. What
// is predicted is payload times links; what is measured is what the links' counters say, with headers,
// acknowledgements and retransmissions, where the models ran one after the other.
func traffic(r *run.Run, engine int) *figures.Figure {
	var curves []figures.Curve
	for _, m := range r.Models {
		sum := 0.0
		var predicted []figures.Point
		for i := range r.Chains {
			c := &r.Chains[i]
			if c.Model != m || !c.OK {
				continue
			}
			if engine < len(c.Predicted) && c.Predicted[engine] != nil {
				sum += float64(c.Predicted[engine].Traffic)
				predicted = append(predicted, point(float64(len(predicted)+1), sum/float64(len(predicted)+1)/megabyte))
			}
		}
		curves = append(curves, figures.Curve{Model: m, Policy: figures.Measured, Points: onWire(r.Load.Wire[m], r.Tried(m))},
			figures.Curve{Model: m, Policy: engineName(r, engine), Points: thinned(predicted, loadSteps)})
	}
	f := figures.Traffic(nonempty(curves))
	f.X.Label, f.X.Ticks, f.Told, f.Bars, f.MarkEvery = "Load (jobs done)", nil, told, false, 0.2
	return f
}

// onWire is the mean of the bytes sent for a chain that was tried, at the instants of the samples: what links count is
// of chains that failed and of attempts that were made again, too. One that is under way counts by the share of its
// time that has passed.
func onWire(sent []run.At, tried []run.Attempt) []figures.Point {
	var points []figures.Point
	for _, at := range thinned(sent, loadSteps) {
		done := 0.0
		for _, c := range tried {
			if took := c.End.Sub(c.Start); took > 0 {
				done += min(1, max(0, float64(at.Time.Sub(c.Start))/float64(took)))
			} else if !at.Time.Before(c.End) {
				done++
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
		var measured, predicted weighted
		for i := range r.Chains {
			c := &r.Chains[i]
			if c.Model == m && c.OK {
				measured.add(c.Measured.Latency, c.Weight)
				if p := of(c, engine); p != nil {
					predicted.add(p.Latency, c.Weight)
				}
			}
		}
		curves = append(curves, figures.Curve{Model: m, Policy: figures.Measured, Points: measured.ascending()},
			figures.Curve{Model: m, Policy: engineName(r, engine), Points: predicted.ascending()})
	}
	f := figures.Latency(nonempty(curves))
	f.ByPolicy, f.Told, f.MarkEvery = true, told, 0.2
	return f
}

// length is the study's figure 6: the mean network latency against the number of invocations.
func length(r *run.Run, engine int) *figures.Figure {
	var curves []figures.Curve
	for _, m := range r.Models {
		measured, predicted := map[int]*weighted{}, map[int]*weighted{}
		for i := range r.Chains {
			c := &r.Chains[i]
			if c.Model != m || !c.OK {
				continue
			}
			addTo(measured, c.Length, c.Measured.Network, c.Weight)
			if p := of(c, engine); p != nil {
				addTo(predicted, c.Length, p.Network, c.Weight)
			}
		}
		curves = append(curves, figures.Curve{Model: m, Policy: figures.Measured, Points: means(measured)},
			figures.Curve{Model: m, Policy: engineName(r, engine), Points: means(predicted)})
	}
	f := figures.Length(nonempty(curves))
	f.ByPolicy, f.Told = true, told
	return f
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
