// Package figures draws the figures of the study from plain numbers: traffic against load, all latencies
// in order, and network latency against the length of chains. Each is a picture one column wide, or two, as SVG,
// PNG and PDF, and a CSV file of exactly the points that are drawn.
//
// The same figure is the same bytes every time. Execution models are told apart by colour (the palette
// of Okabe and Ito, which people who confuse colours can read), marker and dash at once.
package figures

import "testbed/emulator/catalogue"

// Curve is one line of a figure.
type Curve struct {
	Model  string // name of the execution model; it decides the colour and the marker
	Policy string // name of the allocation policy
	Points []Point
}

// Axis is one of the two axes.
type Axis struct {
	Label  string // with the unit
	Column string // the quantity's name in the CSV file, with its unit: traffic_mb_hops
	Log    bool   // logarithmic; values of 0 or less are in the CSV file and not in the picture
	Max    float64
	Min    float64   // Min and Max both 0: chosen by the points
	Ticks  []float64 // nil: chosen by the range
}

// Figure is a figure that can be rendered.
type Figure struct {
	Name      string // of its files: figure-4-traffic
	Title     string // a sentence on what is shown; not drawn: a figure's caption says it
	X, Y      Axis
	Curves    []Curve
	ByPolicy  bool    // policies are told apart by dash and fill
	MarkSize  float64 // of markers, relative to the usual; 0: 1
	MarkEvery float64 // distance between markers, as a share of the width of the axis; 0: one at each point
	Bars      bool    // draw the confidence intervals
	Told      string  // what ByPolicy tells apart, for the CSV file's header; empty: policy
	Named     string  // what curves of ByOrder are called by, likewise; empty: curve
	ByOrder   bool    // the curves are no models: their looks follow their order
	NoMarks   bool    // lines only
	Wide      bool    // two columns wide, in the proportions of the study's plots, 2.4 to 1
	// Looks says how models, policies and predictors look; nil: models are black circles.
	Looks *catalogue.Catalogue
}

// Measured is the policy of curves of what was measured, where ByPolicy tells them from predictions: the
// engine's name is the policy of those.
const Measured = "measured"

// Names of the study's figures' files, without their endings.
const (
	TrafficName = "figure-4-traffic"
	LatencyName = "figure-5-latency"
	LengthName  = "figure-6-length"
)

// Traffic is the mean traffic per chain, in MB·hops, against the number of jobs.
func Traffic(curves []Curve) *Figure {
	return &Figure{
		Name: TrafficName, Title: "Mean traffic per chain against load",
		X:      Axis{Label: "Load (jobs)", Column: "jobs", Ticks: distinct(curves)},
		Y:      Axis{Label: "Traffic per chain (MB·hops)", Column: "traffic_mb_hops"},
		Curves: curves, ByPolicy: true, Bars: true,
	}
}

// Latency is the total latency, in seconds, of all jobs in ascending order against their rank in [0,1].
func Latency(curves []Curve) *Figure {
	return &Figure{
		Name: LatencyName, Title: "Total latency of all jobs, in ascending order",
		X: Axis{
			Label:  "Jobs in order of latency (normalised rank)",
			Column: "rank",
			Min:    0,
			Max:    1,
			Ticks:  []float64{0, 0.2, 0.4, 0.6, 0.8, 1},
		},
		Y:      Axis{Label: "Total latency (s)", Column: "total_s", Log: true},
		Curves: curves, MarkEvery: 0.125,
	}
}

// Length is the mean network latency, in seconds, against the number of invocations in a chain.
func Length(curves []Curve) *Figure {
	return &Figure{
		Name: LengthName, Title: "Mean network latency against chain length",
		X:      Axis{Label: "Chain length (invocations)", Column: "length"},
		Y:      Axis{Label: "Mean network latency (s)", Column: "network_s", Log: true},
		Curves: curves, Bars: true, MarkSize: 0.8,
	}
}

// distinct are the values of x, ascending, where there are few of them: each is worth a tick.
func distinct(curves []Curve) []float64 {
	const few = 6
	values := abscissas(curves)
	if len(values) > few {
		return nil
	}
	return values
}
