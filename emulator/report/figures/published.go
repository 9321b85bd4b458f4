package figures

import (
	"math"
	"slices"
)

// AsPublished ends the names of figures that are drawn in the study's own axes, to be laid beside its pages: linear, in
// ms and MB, from where to where its plots go, and in their proportions.
const AsPublished = "-as-published"

// TrafficAsPublished is Traffic in the study's axes: what it calls MB are bytes times the links that they cross.
func TrafficAsPublished(curves []Curve) *Figure {
	return &Figure{
		Name: TrafficName + AsPublished, Title: "Mean traffic per chain against load, in the study's axes", Wide: true,
		X:      Axis{Label: "Load (number of jobs)", Column: "jobs", Ticks: distinct(curves)},
		Y:      Axis{Label: "Average network traffic (MB)", Column: "traffic_mb_hops"},
		Curves: curves, ByPolicy: true,
	}
}

// latest is where the study's distribution of latencies ends, in ms.
const latest = 2000

// LatencyAsPublished is the distribution of the total latency up to 2 s. The curves are Latency's: latencies in seconds
// at ranks in [0,1], ascending.
func LatencyAsPublished(curves []Curve) *Figure {
	f := &Figure{
		Name: LatencyName + AsPublished, Title: "Distribution of the total latency of all jobs, in the study's axes",
		Wide: true, MarkEvery: 0.125,
		X: Axis{
			Label: "Total delay (ms)", Column: "total_ms", Max: latest, Ticks: []float64{0, 500, 1000, 1500, 2000},
		},
		Y: Axis{
			Label: "Cumulative distribution function", Column: "cdf", Max: 1, Ticks: []float64{0, 0.2, 0.4, 0.6, 0.8, 1},
		},
	}
	for _, c := range curves {
		c.Points = distribution(c.Points)
		f.Curves = append(f.Curves, c)
	}
	return f
}

// distribution turns latencies at ranks into shares at latencies, up to the latest. There are no intervals: the study
// takes the jobs of all replications together.
func distribution(ranked []Point) []Point {
	var points []Point
	for _, p := range ranked {
		at := Point{X: p.Y * 1e3, Y: p.X, Low: math.NaN(), High: math.NaN(), Samples: p.Samples}
		if at.X > latest {
			if n := len(points); n > 0 { // up to the edge
				before := points[n-1]
				at.Y = before.Y + (at.Y-before.Y)*(latest-before.X)/(at.X-before.X)
				at.X = latest
				points = append(points, at)
			}
			break
		}
		points = append(points, at)
	}
	return points
}

// LengthAsPublished is the mean network latency, in ms, of the chains of each length. The curves' values are in
// seconds.
func LengthAsPublished(curves []Curve) *Figure {
	f := &Figure{
		Name: LengthName + AsPublished, Title: "Mean network latency against chain length, in the study's axes",
		Wide: true, MarkSize: 0.8,
		X: Axis{Label: "Number of functions in the chain", Column: "length", Min: 2, Max: 25},
		Y: Axis{Label: "Average network latency (ms)", Column: "network_ms"},
	}
	for v := f.X.Min; v <= f.X.Max; v += 2 {
		f.X.Ticks = append(f.X.Ticks, v)
	}
	for _, c := range curves {
		c.Points = slices.Clone(c.Points)
		for i := range c.Points {
			p := &c.Points[i]
			p.Y, p.Low, p.High = p.Y*1e3, p.Low*1e3, p.High*1e3
		}
		c.Points = slices.DeleteFunc(c.Points, func(p Point) bool { return p.X < f.X.Min || p.X > f.X.Max })
		f.Curves = append(f.Curves, c)
	}
	return f
}
