package report

import (
	"math"
	"slices"

	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/statistics"
	"testbed/emulator/report/figures"
)

// rankSteps are the points of a curve of figure 5.
const rankSteps = 100

// weighted are chains' values, each with how many jobs its chain stands for.
type weighted struct{ values, weights []float64 }

func (w *weighted) add(value, weight float64) {
	w.values, w.weights = append(w.values, value), append(w.weights, weight)
}

// addTo adds a value to those of a length.
func addTo(by map[int]*weighted, length int, value, weight float64) {
	if by[length] == nil {
		by[length] = &weighted{}
	}
	by[length].add(value, weight)
}

// ascending are the values in ascending order at so many ranks from 0 to 1, or all where they are few.
func (w *weighted) ascending() []figures.Point {
	n := len(w.values)
	if n == 0 {
		return nil
	}
	sorted, ranks := quantile.Ascending(w.values, w.weights)
	if n <= rankSteps+1 {
		points := make([]figures.Point, n)
		for i, v := range sorted {
			points[i] = point(ranks[i], v)
		}
		return points
	}
	points := make([]figures.Point, rankSteps+1)
	for i := range points {
		at := float64(i) / rankSteps
		points[i] = point(at, sorted[nearest(ranks, at)])
	}
	return points
}

// nearest is the index of the rank that is nearest to a share.
func nearest(ranks []float64, share float64) int {
	at, _ := slices.BinarySearch(ranks, share)
	if at == len(ranks) || at > 0 && math.Abs(ranks[at-1]-share) < math.Abs(ranks[at]-share) {
		at--
	}
	return at
}

// means are points of the lengths' means.
func means(by map[int]*weighted) []figures.Point {
	var points []figures.Point
	for length, of := range by {
		points = append(points, figures.Mean(float64(length), statistics.Balance(of.values, statistics.Alike(of.weights))))
	}
	slices.SortFunc(points, func(a, b figures.Point) int { return int(a.X - b.X) })
	return points
}
