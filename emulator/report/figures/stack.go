package figures

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Stack is bars of parts: one bar a model, positive parts above zero and negative ones below, and a mark
// at their sum.
type Stack struct {
	Name   string // of its files
	Label  string // of the y axis, with the unit
	Column string // of the CSV file: difference_ms
	Bars   []string
	Parts  []string
	Looks  []int       // of the parts, so that one part looks the same in several figures; nil: by order
	Values [][]float64 // by bar, by part
}

// File implements Drawing.
func (s *Stack) File() string { return s.Name }

// Render implements Drawing. It fails where there is no bar.
func (s *Stack) Render(format string) ([]byte, error) {
	if format == "csv" {
		return s.csv()
	}
	low, high := s.reach()
	if len(s.Bars) == 0 || len(s.Parts) == 0 || !(low < high) || math.IsInf(high-low, 0) {
		return nil, fmt.Errorf("%s: there are no bars to draw", s.Name)
	}
	rows := s.legend()
	data, err := Picture(format, width, height, func(c draw.Canvas) {
		inner := draw.Crop(c, 3, -3, 3, -3)
		drawLegend(inner, rows)
		s.plot(low, high).Draw(draw.Crop(inner, 0, 0, 0, -vg.Length(len(rows))*rowHeight-2))
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return data, nil
}

// look is the number of a part's look.
func (s *Stack) look(part int) int {
	if part < len(s.Looks) && s.Looks[part] >= 0 {
		return s.Looks[part]
	}
	return part
}

func (s *Stack) reach() (low, high float64) {
	for _, parts := range s.Values {
		up, down := 0.0, 0.0
		for _, v := range parts {
			up, down = up+max(v, 0), down+min(v, 0)
		}
		low, high = min(low, down), max(high, up)
	}
	room := 0.06 * (high - low)
	if low < 0 {
		low -= room
	}
	return low, high + room
}

// hatches tell parts apart without colour: stripes at so many points' distance, rising or falling.
var hatches = []vg.Length{0, 3, -3, 5, -5, 1.8, -1.8, 0, 2.4, -2.4, 4, -4, 6}

func (s *Stack) legend() [][]entry {
	var rows [][]entry
	for i, part := range s.Parts {
		if i%3 == 0 {
			rows = append(rows, nil)
		}
		last := len(rows) - 1
		rows[last] = append(rows[last], entry{part, func(c *draw.Canvas, from, to vg.Point) {
			fillPart(c, s.look(i), from.X+4, from.Y-3, to.X-1, to.Y+3)
		}})
	}
	return rows
}

func (s *Stack) plot(low, high float64) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	f := &Figure{}
	f.axis(&p.X, &Axis{}, [2]float64{-0.6, float64(len(s.Bars)) - 0.4})
	f.axis(&p.Y, &Axis{Label: s.Label}, [2]float64{low, high})
	var names plot.ConstantTicks
	for i, name := range s.Bars {
		names = append(names, plot.Tick{Value: float64(i), Label: name})
	}
	p.X.Tick.Marker, p.X.Tick.Length = names, 0
	p.Add(grid{}, s)
	return p
}

// Plot implements plot.Plotter.
func (s *Stack) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	for i, parts := range s.Values {
		left, right := toX(float64(i)-0.3), toX(float64(i)+0.3)
		up, down, sum := 0.0, 0.0, 0.0
		for k, v := range parts {
			from := up
			if v < 0 {
				from, down = down, down+v
			} else {
				up += v
			}
			sum += v
			if v != 0 {
				fillPart(&c, s.look(k), left, min(toY(from), toY(from+v)), right, max(toY(from), toY(from+v)))
			}
		}
		style{colour: black, corner: polygon(4, 0)}.mark(&c, vg.Point{X: (left + right) / 2, Y: toY(sum)}, 1, false)
	}
	c.StrokeLine2(draw.LineStyle{Color: black, Width: hairline}, c.Min.X, toY(0), c.Max.X, toY(0))
}

// fillPart fills a rectangle with a part's colour and stripes.
func fillPart(c *draw.Canvas, part int, left, bottom, right, top vg.Length) {
	look := orderly[part%len(orderly)]
	corners := []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}}
	c.FillPolygon(look.colour, corners)
	gap := hatches[part%len(hatches)]
	if gap == 0 {
		return
	}
	rise := top - bottom
	step := gap
	if step < 0 {
		step = -step
	}
	inside := vg.Rectangle{Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: right, Y: top}}
	box := draw.Canvas{Canvas: c.Canvas, Rectangle: inside}
	for x := left - rise; x < right; x += step {
		from, to := vg.Point{X: x, Y: bottom}, vg.Point{X: x + rise, Y: top}
		if gap < 0 {
			from.Y, to.Y = top, bottom
		}
		box.StrokeLines(draw.LineStyle{Color: white, Width: 0.5}, box.ClipLinesXY([]vg.Point{from, to})...)
	}
}

func (s *Stack) csv() ([]byte, error) {
	var text bytes.Buffer
	out := csv.NewWriter(&text)
	_ = out.Write([]string{"model", "part", s.Column}) // out remembers a failure
	for i, bar := range s.Bars {
		for k, part := range s.Parts {
			_ = out.Write([]string{bar, part, Number(s.Values[i][k])})
		}
	}
	out.Flush()
	return text.Bytes(), out.Error()
}
