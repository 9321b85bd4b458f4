package experiment

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/statistics"
	"testbed/emulator/report/figures"
)

// chart collects what a figure shows: of each curve and abscissa the mean of each run.
type chart struct {
	formula Formula
	of      map[string]column // columns by name
	engines []string
	names   []string // abscissas that are no numbers, as they come
	curves  []curveKey
	points  map[pointKey]map[string]*weighted // by cell
}

type curveKey struct{ colour, engine string }

type pointKey struct {
	curveKey
	x float64
}

// weighted are values of a run's chains, with how many jobs each stands for.
type weighted struct{ values, weights []float64 }

func newChart(s *Spec, cells []*Cell, f Formula) *chart {
	c := &chart{formula: f, of: map[string]column{}, engines: s.Engines, points: map[pointKey]map[string]*weighted{}}
	for _, column := range s.chainColumns(cells) {
		c.of[column.name] = column
	}
	return c
}

// add takes a cell's chains.
func (c *chart) add(cell *Cell, r *Result) {
	l := line{cell: cell, result: r}
	for i := range r.Chains {
		l.chain = &r.Chains[i]
		if !l.chain.OK {
			continue
		}
		y := c.number(cmp.Or(tails[c.formula.Y], c.formula.Y), &l)
		if math.IsNaN(y) {
			continue
		}
		k := pointKey{curveKey{c.word(c.formula.Colour, &l), l.chain.Engine}, c.abscissa(&l)}
		if c.points[k] == nil {
			c.points[k] = map[string]*weighted{}
			if !slices.Contains(c.curves, k.curveKey) {
				c.curves = append(c.curves, k.curveKey)
			}
		}
		m := c.points[k][cell.ID]
		if m == nil {
			m = &weighted{}
			c.points[k][cell.ID] = m
		}
		m.values, m.weights = append(m.values, y), append(m.weights, l.chain.Stands())
	}
}

func (c *chart) number(name string, l *line) float64 {
	switch column := c.of[name]; {
	case column.whole != nil:
		return float64(column.whole(l))
	case column.number != nil:
		return column.number(l)
	}
	return math.NaN()
}

func (c *chart) word(name string, l *line) string {
	column, ok := c.of[name]
	if !ok {
		return ""
	}
	return column.field(l)
}

// abscissa is a number, or the number of a word from 1 on.
func (c *chart) abscissa(l *line) float64 {
	if x := c.number(c.formula.X, l); !math.IsNaN(x) {
		return x
	}
	word := c.word(c.formula.X, l)
	if !slices.Contains(c.names, word) {
		c.names = append(c.names, word)
	}
	return float64(1 + slices.Index(c.names, word))
}

// point is a mean over runs or, where there is one only, over its chains.
func (c *chart) point(x float64, runs map[string]*weighted) figures.Point {
	if tails[c.formula.Y] != "" {
		return tail(x, runs)
	}
	var means []float64
	for _, id := range slices.Sorted(maps.Keys(runs)) {
		m := runs[id]
		if len(runs) == 1 {
			return figures.Mean(x, statistics.Balance(m.values, statistics.Alike(m.weights)))
		}
		means = append(means, statistics.WeightedMean(m.values, statistics.Alike(m.weights)))
	}
	return figures.Mean(x, means)
}

// figure draws what was collected.
func (c *chart) figure(number int, looks *catalogue.Catalogue) *figures.Figure {
	f := &figures.Figure{Name: fmt.Sprintf("figure-%d-%s", number, fileName(c.formula)), Title: c.title(), Bars: true,
		X: figures.Axis{Label: c.label(), Column: c.formula.X}, Looks: looks,
		Y: figures.Axis{Label: quantities[c.formula.Y], Column: c.formula.Y}}
	per := 1.0
	for unit, million := range map[string]string{"_bps": "_mbps", "_bytes": "_mb"} {
		if xs := c.abscissas(); strings.HasSuffix(f.X.Column, unit) && len(xs) > 0 && slices.Max(xs) >= 1e6 {
			per, f.X.Column = 1e6, strings.TrimSuffix(f.X.Column, unit)+million
		}
	}
	models := c.formula.Colour == "model"
	f.ByOrder, f.ByPolicy = !models, models && len(c.engines) > 1
	if f.Told = "engine"; !f.ByPolicy {
		f.Told = cmp.Or(c.formula.Colour, "engine")
	}
	for _, k := range c.curves {
		curve := figures.Curve{Model: k.colour, Policy: k.engine}
		if k.engine == Emulation {
			curve.Policy = figures.Measured
		}
		if !models {
			curve.Model = strings.TrimSpace(k.colour + " " + curve.Policy)
		}
		for at, runs := range c.points {
			if at.curveKey == k {
				curve.Points = append(curve.Points, c.point(at.x/per, runs))
			}
		}
		slices.SortFunc(curve.Points, func(a, b figures.Point) int { return cmp.Compare(a.X, b.X) })
		f.Curves = append(f.Curves, curve)
	}
	if xs := c.abscissas(); len(xs) <= 6 {
		for _, x := range xs {
			f.X.Ticks = append(f.X.Ticks, x/per)
		}
	}
	if len(c.names) == 0 {
		f.X.Label = words.Replace(f.X.Column)
	}
	return f
}

func (c *chart) abscissas() []float64 {
	var all []float64
	for k := range c.points {
		all = append(all, k.x)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// longestLabel is what fits below an axis, in characters.
const longestLabel = 60

// label is the x axis's: the column, and what numbers stand for, as far as that fits; the caption has it as well.
func (c *chart) label() string {
	label := c.formula.X
	if len(c.names) > 0 {
		label += ": " + c.numbered()
	}
	if len(label) > longestLabel {
		return c.formula.X + ", by number"
	}
	return label
}

// numbered are the names that numbers stand for; empty: the numbers are those of a quantity.
func (c *chart) numbered() string {
	var parts []string
	for i, name := range c.names {
		parts = append(parts, strconv.Itoa(i+1)+" "+name)
	}
	return strings.Join(parts, ", ")
}

func (c *chart) title() string {
	title := quantities[c.formula.Y] + " against " + c.formula.X
	if c.formula.Colour != "" {
		title += ", by " + c.formula.Colour
	}
	return title
}

// words makes an axis's words of a column's name.
var words = strings.NewReplacer("_mbps", " (Mbps)", "_bps", " (bit/s)", "_mb", " (MB)", "_bytes", " (bytes)",
	"_per_s", " (1/s)", "_", " ")

// fileName is a formula as a part of a file's name.
func fileName(f Formula) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, f.String())
}
