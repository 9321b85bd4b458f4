package figures

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// range_ is the range of an axis: what was given, or what holds all points with some room.
func (f *Figure) range_(spec *Axis, extent func(Point) (low, high float64)) [2]float64 {
	if spec.Min != spec.Max {
		return [2]float64{spec.Min, spec.Max}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range f.Curves {
		for _, q := range c.Points {
			l, h := extent(q)
			low, high = min(low, l), max(high, h)
		}
	}
	switch {
	case low > high: // no points
		return [2]float64{1, 10}
	case spec.Log:
		return [2]float64{math.Pow(10, math.Floor(10*math.Log10(low))/10-0.05), math.Pow(10, math.Ceil(10*math.Log10(high))/10+0.05)}
	case spec == &f.Y:
		return [2]float64{0, 1.05 * max(high, math.SmallestNonzeroFloat64)}
	}
	room := 0.04 * (high - low)
	if room == 0 {
		room = 1
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
			all = append(all, plot.Tick{Value: v, Label: label(v)})
		}
		return all
	case t.Log:
		return decades(low, high)
	}
	return steps(low, high)
}

// decades has a tick at each multiple of a power of ten. Where fewer than three powers lie in the range,
// twice and five times them are labelled too.
func decades(low, high float64) []plot.Tick {
	var all []plot.Tick
	first, last := int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))
	dense := math.Log10(high/low) < 2.2
	for e := first; e <= last; e++ {
		for m := 1; m < 10; m++ {
			v := float64(m) * math.Pow10(e)
			if v < low || v > high {
				continue
			}
			tick := plot.Tick{Value: v}
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

func label(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
