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
	factors []string          // columns of the cells' levels
	engines []string
	names   []string       // abscissas that are no numbers, as they come
	number  map[string]int // theirs, from 1
	curves  []curveKey
	drawn   map[curveKey]bool                 // those
	points  map[pointKey]map[string]*weighted // by cell
	more    bool                              // there is more than is drawn
}

// What one formula draws at most: rows may be somebody else's, each of a curve of its own.
const (
	mostCurves = 1000
	mostPoints = 100_000
	mostWords  = 1000 // abscissas that are no numbers
)

// curveKey tells curves apart: those of one panel are in one figure.
type curveKey struct{ panel, colour, engine string }

type pointKey struct {
	curveKey
	x float64
}

// weighted are values of a run's chains, with how many jobs each stands for.
type weighted struct{ values, weights []float64 }

func newChart(s *Spec, cells []*Cell, f Formula) *chart {
	c := &chart{formula: f, of: map[string]column{}, engines: s.Engines, number: map[string]int{},
		drawn: map[curveKey]bool{}, points: map[pointKey]map[string]*weighted{}}
	for _, column := range s.columns(cells) {
		c.factors = append(c.factors, column.name)
	}
	columns := s.chainColumns
	if f.OfMoves() {
		columns = s.moveColumns
	}
	for _, column := range columns(cells) {
		c.of[column.name] = column
	}
	return c
}

// add takes a cell's chains, or its moves.
func (c *chart) add(cell *Cell, r *Result) {
	if c.formula.OfMoves() {
		for i := range r.Moves {
			if m := &r.Moves[i]; m.OK {
				c.take(&line{cell: cell, result: r, move: m}, m.Engine, 1)
			}
		}
		return
	}
	for i := range r.Chains {
		if chain := &r.Chains[i]; chain.OK {
			c.take(&line{cell: cell, result: r, chain: chain}, chain.Engine, chain.Stands())
		}
	}
}

// take adds what an engine says of a chain or a move, which stands for so many.
func (c *chart) take(l *line, engine string, weight float64) {
	y := c.value(cmp.Or(tails[c.formula.Y], c.formula.Y), l)
	if math.IsNaN(y) {
		return
	}
	k := pointKey{curveKey{c.word(c.formula.Panel, l), c.word(c.formula.Colour, l), engine}, c.abscissa(l)}
	if c.points[k] == nil {
		fresh := !c.drawn[k.curveKey]
		if math.IsNaN(k.x) || len(c.points) == mostPoints || fresh && len(c.curves) == mostCurves {
			c.more = true
			return
		}
		c.points[k] = map[string]*weighted{}
		if fresh {
			c.drawn[k.curveKey], c.curves = true, append(c.curves, k.curveKey)
		}
	}
	m := c.points[k][l.cell.ID]
	if m == nil {
		m = &weighted{}
		c.points[k][l.cell.ID] = m
	}
	m.values, m.weights = append(m.values, y), append(m.weights, weight)
}

func (c *chart) value(name string, l *line) float64 {
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
	if at := slices.Index(c.factors, name); at >= 0 {
		return label(l.cell.Levels[at]) // 10Mbps, and not 10000000
	}
	return column.field(l)
}

// abscissa is a number, or the number of a word from 1 on; NaN: there are too many words.
func (c *chart) abscissa(l *line) float64 {
	if x := c.value(c.formula.X, l); !math.IsNaN(x) {
		return x
	}
	word := c.word(c.formula.X, l)
	if c.number[word] == 0 {
		if len(c.names) == mostWords {
			return math.NaN()
		}
		c.names = append(c.names, word)
		c.number[word] = len(c.names)
	}
	return float64(c.number[word])
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

// panels are the values by which there is a figure each, in the order in which they came.
func (c *chart) panels() []string {
	var all []string
	for _, k := range c.curves {
		if !slices.Contains(all, k.panel) {
			all = append(all, k.panel)
		}
	}
	return all
}

// figure draws what was collected, of one panel.
func (c *chart) figure(number int, panel string, looks *catalogue.Catalogue) *figures.Figure {
	f := &figures.Figure{Name: fmt.Sprintf("figure-%d-%s", number, fileName(c.formula)), Title: c.title(panel), Bars: true,
		X: figures.Axis{Label: c.label(), Column: c.formula.X, Log: c.formula.LogX}, Looks: looks,
		Y: figures.Axis{Label: c.formula.words(), Column: c.formula.Y, Log: c.formula.LogY}}
	if panel != "" {
		f.Name += "-" + plainName(panel)
	}
	per := 1.0
	for unit, million := range map[string]string{"_bps": "_mbps", "_bytes": "_mb"} {
		if xs := c.abscissas(); strings.HasSuffix(f.X.Column, unit) && len(xs) > 0 && slices.Max(xs) >= 1e6 {
			per, f.X.Column = 1e6, strings.TrimSuffix(f.X.Column, unit)+million
		}
	}
	models := c.formula.Colour == "model"
	f.ByOrder, f.Told = !models, "engine"
	f.ByPolicy = len(c.engines) > 1 && c.formula.Colour != "engine" && c.formula.Colour != ""
	if !models {
		f.Named = cmp.Or(c.formula.Colour, "curve")
	}
	for _, k := range c.curves {
		if k.panel == panel {
			f.Curves = append(f.Curves, c.curve(k, per))
		}
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

// curve is one of a figure's, whose abscissas are in units of so many of the column's.
func (c *chart) curve(k curveKey, per float64) figures.Curve {
	curve := figures.Curve{Model: k.colour, Policy: k.engine}
	if k.engine == Emulation {
		curve.Policy = figures.Measured
	}
	if curve.Model == "" || c.formula.Colour == "engine" {
		curve.Model = curve.Policy
	}
	for at, runs := range c.points {
		if at.curveKey == k {
			curve.Points = append(curve.Points, c.point(at.x/per, runs))
		}
	}
	slices.SortFunc(curve.Points, func(a, b figures.Point) int { return cmp.Compare(a.X, b.X) })
	return curve
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

func (c *chart) title(panel string) string {
	title := c.formula.words() + " against " + c.formula.X
	if c.formula.Colour != "" {
		title += ", by " + c.formula.Colour
	}
	if panel != "" {
		title += ": " + c.formula.Panel + " " + panel
	}
	return title
}

// words makes an axis's words of a column's name.
var words = strings.NewReplacer("_mbps", " (Mbps)", "_bps", " (bit/s)", "_mb", " (MB)", "_bytes", " (bytes)",
	"_per_s", " (1/s)", "_", " ")

// fileName is a formula as a part of a file's name: figures of several panels have these besides.
func fileName(f Formula) string {
	f.Panel, f.LogX, f.LogY = "", false, false
	return plainName(f.String())
}

// plainName is a text as a part of a file's name.
func plainName(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, text)
}
