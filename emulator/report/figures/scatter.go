package figures

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"strconv"

	"testbed/emulator/catalogue"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Scatter shows what was measured against what was predicted, both on logarithmic axes, with the line of
// equality and a band of 10 % around it.
type Scatter struct {
	Name   string // of its files
	Unit   string // of both axes: s
	What   string // of both axes: total latency
	Column string // of both in the CSV file: total_s
	Clouds []Cloud
	Looks  *catalogue.Catalogue // of models
}

// Cloud is the dots of one model.
type Cloud struct {
	Model string
	Dots  []Dot
}

// Dot is one chain, or the mean of Count chains that are close to each other.
type Dot struct {
	Predicted, Measured float64
	Count               int
}

// band is the half width of the band around equality.
const band = 0.1

// File implements Drawing.
func (s *Scatter) File() string { return s.Name }

// Render implements Drawing. It fails where no dot can be drawn.
func (s *Scatter) Render(format string) ([]byte, error) {
	if format == "csv" {
		return s.csv()
	}
	low, high := s.reach()
	if !(low < high) {
		return nil, fmt.Errorf("%s: there are no dots to draw", s.Name)
	}
	legend := &Figure{Looks: s.Looks}
	for _, c := range s.Clouds {
		legend.Curves = append(legend.Curves, Curve{Model: c.Model})
	}
	data, err := Picture(format, width, height+14*vg.Millimeter, func(c draw.Canvas) {
		inner := draw.Crop(c, 3, -3, 3, -3)
		rows := legend.legend()
		drawLegend(inner, rows)
		s.plot(low, high).Draw(draw.Crop(inner, 0, 0, 0, -vg.Length(len(rows))*rowHeight-2))
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return data, nil
}

// reach is the range of both axes, in logarithms.
func (s *Scatter) reach() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, c := range s.Clouds {
		for _, d := range c.Dots {
			if d.drawable() {
				low = min(low, math.Log10(d.Predicted), math.Log10(d.Measured))
				high = max(high, math.Log10(d.Predicted), math.Log10(d.Measured))
			}
		}
	}
	room := max(0.04*(high-low), 0.06)
	return low - room, high + room
}

func (d Dot) drawable() bool {
	return d.Predicted > 0 && d.Measured > 0 && !math.IsInf(d.Predicted, 1) && !math.IsInf(d.Measured, 1)
}

func (s *Scatter) plot(low, high float64) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	x := Axis{Label: fmt.Sprintf("Predicted %s (%s)", s.What, s.Unit), Log: true}
	y := Axis{Label: fmt.Sprintf("Measured %s (%s)", s.What, s.Unit), Log: true}
	f := &Figure{}
	f.axis(&p.X, &x, [2]float64{low, high})
	f.axis(&p.Y, &y, [2]float64{low, high})
	p.Add(grid{}, equality{low, high})
	for i := range s.Clouds {
		p.Add(cloud{&s.Clouds[i], s.Looks})
	}
	return p
}

// equality draws the band and the line where prediction and measurement agree.
type equality struct{ low, high float64 }

// Plot implements plot.Plotter.
func (e equality) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	up, down := math.Log10(1+band), math.Log10(1-band)
	corner := func(x, shift float64) vg.Point { return vg.Point{X: toX(x), Y: toY(x + shift)} }
	area := c.ClipPolygonXY([]vg.Point{corner(e.low, up), corner(e.high, up), corner(e.high, down), corner(e.low, down)})
	c.FillPolygon(paleGrey, area)
	c.StrokeLine2(draw.LineStyle{Color: grey, Width: 0.6}, toX(e.low), toY(e.low), toX(e.high), toY(e.high))
}

type cloud struct {
	*Cloud
	looks *catalogue.Catalogue
}

// Plot implements plot.Plotter: a dot of many chains is larger.
func (c cloud) Plot(canvas draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&canvas)
	look := modelStyle(c.looks, c.Model)
	for _, d := range c.Dots {
		if d.drawable() {
			size := 0.55 * (1 + 0.3*math.Log10(float64(max(1, d.Count))))
			look.mark(&canvas, vg.Point{X: toX(math.Log10(d.Predicted)), Y: toY(math.Log10(d.Measured))}, size, d.Count > 1)
		}
	}
}

func (s *Scatter) csv() ([]byte, error) {
	var text bytes.Buffer
	out := csv.NewWriter(&text)
	_ = out.Write([]string{"model", "predicted_" + s.Column, "measured_" + s.Column, "chains"}) // out remembers a failure
	for _, c := range s.Clouds {
		for _, d := range c.Dots {
			_ = out.Write([]string{c.Model, Number(d.Predicted), Number(d.Measured), strconv.Itoa(d.Count)})
		}
	}
	out.Flush()
	return text.Bytes(), out.Error()
}
