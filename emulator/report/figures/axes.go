package figures

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// drawable says whether a value has a place on the axis: on a logarithmic one, what is 0 or less has none.
func (a *Axis) drawable(v float64) bool { return !a.Log || v > 0 }

// scale turns a value into a position. A logarithmic axis is a linear one of logarithms: the library's
// own leaves room for its label in the wrong place.
func (a *Axis) scale(v float64) float64 {
	if a.Log {
		return math.Log10(v)
	}
	return v
}

// drawable says whether a point has a place on both axes.
func (f *Figure) drawable(q Point) bool { return f.X.drawable(q.X) && f.Y.drawable(q.Y) }

// reach is the range of an axis's positions: what was given, or what holds all points with some room.
func (f *Figure) reach(axis *Axis, extent func(Point) (low, high float64)) [2]float64 {
	if axis.Min != axis.Max {
		return [2]float64{axis.scale(axis.Min), axis.scale(axis.Max)}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range f.Curves {
		for _, q := range c.Points {
			if f.drawable(q) {
				l, h := extent(q)
				low, high = min(low, axis.scale(l)), max(high, axis.scale(h))
			}
		}
	}
	if axis == &f.Y && !axis.Log {
		return [2]float64{0, 1.05 * max(high, 1e-9)}
	}
	room := 0.04 * (high - low)
	if room == 0 {
		room = 0.5
	}
	return [2]float64{low - room, high + room}
}

// ticks are an axis's.
type ticks struct{ *Axis }

// Ticks are those given; or powers of ten and, in between, small ones; or steps of 1, 2 or 5.
func (t ticks) Ticks(low, high float64) []plot.Tick {
	switch {
	case t.Axis.Ticks != nil:
		var all []plot.Tick
		for _, v := range t.Axis.Ticks {
			if t.drawable(v) {
				all = append(all, plot.Tick{Value: t.scale(v), Label: label(v)})
			}
		}
		return all
	case t.Log:
		return decades(low, high)
	}
	return steps(low, high)
}

// decades has a tick at each multiple of a power of ten. On a short axis twice
// and five times the powers are labelled too.
func decades(low, high float64) []plot.Tick { // low and high are logarithms
	var all []plot.Tick
	first, last := int(math.Floor(low)), int(math.Ceil(high))
	dense := high-low < 3
	for e := first; e <= last; e++ {
		for m := 1; m < 10; m++ {
			v := float64(m) * math.Pow10(e)
			tick := plot.Tick{Value: math.Log10(v)}
			if tick.Value < low || tick.Value > high {
				continue
			}
			if m == 1 || dense && (m == 2 || m == 5) {
				tick.Label = label(v)
			}
			all = append(all, tick)
		}
	}
	return all
}

// steps has about five labelled ticks.
func steps(low, high float64) []plot.Tick {
	const wanted = 5
	step := math.Pow10(int(math.Floor(math.Log10((high - low) / wanted))))
	for _, m := range []float64{1, 2, 5, 10} {
		if (high-low)/(m*step) <= wanted+1 {
			step *= m
			break
		}
	}
	var all []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high*(1+1e-12); i++ {
		all = append(all, plot.Tick{Value: i * step, Label: label(i * step)})
	}
	return all
}

func label(v float64) string { return strconv.FormatFloat(v+0, 'g', 6, 64) }
