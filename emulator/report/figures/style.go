package figures

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of a figure: one column of a two-column page, legible when printed.
const (
	width     = 85 * vg.Millimeter
	height    = 64 * vg.Millimeter
	textSize  = vg.Length(8) // points
	tickSize  = vg.Length(7)
	hairline  = vg.Length(0.4)
	lineWidth = vg.Length(1.0)
	barWidth  = vg.Length(0.6)
	capWidth  = vg.Length(3)
	markSize  = vg.Length(2.3) // radius; a figure with many points has smaller ones
)

// The colours of Okabe and Ito (2008) that show on white.
var (
	black      = color.RGBA{0, 0, 0, 255}
	white      = color.RGBA{255, 255, 255, 255}
	orange     = color.RGBA{230, 159, 0, 255}
	skyBlue    = color.RGBA{86, 180, 233, 255}
	green      = color.RGBA{0, 158, 115, 255}
	blue       = color.RGBA{0, 114, 178, 255}
	vermillion = color.RGBA{213, 94, 0, 255}
	purple     = color.RGBA{204, 121, 167, 255}
	grey       = color.RGBA{90, 90, 90, 255}
	paleGrey   = color.RGBA{225, 225, 225, 255}
)

// style is how a model's curve looks.
type style struct {
	colour color.RGBA
	corner []vg.Point // of the marker, within the unit circle; none: a circle
	dashes []vg.Length
}

// styles are those of the execution models, by name.
var styles = map[string]style{
	"external":        {vermillion, nil, nil},
	"in-edge":         {blue, polygon(4, math.Pi/4), []vg.Length{5, 1.5}},
	"in-function":     {green, polygon(3, math.Pi/2), []vg.Length{1.5, 1.5}},
	"in-client":       {purple, polygon(4, 0), []vg.Length{6, 1.5, 1.5, 1.5}},
	"pure-faas":       {orange, polygon(3, -math.Pi/2), []vg.Length{3, 1.5}},
	"state-propagate": {skyBlue, polygon(5, math.Pi/2), []vg.Length{8, 2}},
	"state-local":     {black, star(), []vg.Length{1, 1}},
}

// orderly are the looks of curves that are no models.
var orderly = []style{
	{blue, nil, nil}, {vermillion, polygon(4, math.Pi/4), []vg.Length{5, 1.5}}, {green, polygon(3, math.Pi/2), []vg.Length{1.5, 1.5}},
	{orange, polygon(4, 0), []vg.Length{6, 1.5, 1.5, 1.5}}, {purple, polygon(3, -math.Pi/2), []vg.Length{3, 1.5}},
	{skyBlue, polygon(5, math.Pi/2), []vg.Length{8, 2}}, {black, star(), []vg.Length{1, 1}}, {grey, polygon(6, 0), []vg.Length{8, 1.5, 1.5, 1.5}},
}

// styleOf falls back to black circles for what it does not know.
func styleOf(model string) style {
	if s, ok := styles[model]; ok {
		return s
	}
	return style{colour: black}
}

// polygon has n corners on a circle, the first at the given angle.
func polygon(n int, first float64) []vg.Point {
	corners := make([]vg.Point, n)
	for i := range corners {
		sin, cos := math.Sincos(first + 2*math.Pi*float64(i)/float64(n))
		corners[i] = vg.Point{X: vg.Length(cos), Y: vg.Length(sin)}
	}
	return corners
}

// star has five points.
func star() []vg.Point {
	outer, inner := polygon(5, math.Pi/2), polygon(5, math.Pi/2+math.Pi/5)
	var corners []vg.Point
	for i := range outer {
		corners = append(corners, outer[i], vg.Point{X: inner[i].X * 0.45, Y: inner[i].Y * 0.45})
	}
	return corners
}

// mark draws the marker of a style at a point: full, or white with a coloured edge.
func (s style) mark(c *draw.Canvas, at vg.Point, size float64, full bool) {
	radius := markSize
	if size > 0 {
		radius *= vg.Length(size)
	}
	var path vg.Path
	if s.corner == nil {
		const circle = 0.82 // of the radius: looks as large as the polygons
		path.Move(vg.Point{X: at.X + circle*radius, Y: at.Y})
		path.Arc(at, circle*radius, 0, 2*math.Pi)
	}
	for i, corner := range s.corner {
		p := vg.Point{X: at.X + corner.X*radius, Y: at.Y + corner.Y*radius}
		if i == 0 {
			path.Move(p)
		} else {
			path.Line(p)
		}
	}
	path.Close()
	c.SetColor(color.White)
	if full {
		c.SetColor(s.colour)
	}
	c.Fill(path)
	c.SetLineStyle(draw.LineStyle{Color: s.colour, Width: 0.7})
	c.Stroke(path)
}

// Look is how a model looks elsewhere than in the pictures: colour as #rrggbb, the marker's name, and the
// dash as lengths separated by commas.
type Look struct{ Colour, Symbol, Dash string }

// symbols name the markers, by model.
var symbols = map[string]string{
	"external": "circle", "in-edge": "square", "in-function": "triangle", "in-client": "diamond",
	"pure-faas": "down", "state-propagate": "pentagon", "state-local": "star",
}

// LookOf is the look of a model.
func LookOf(model string) Look {
	s := styleOf(model)
	look := Look{Colour: fmt.Sprintf("#%02x%02x%02x", s.colour.R, s.colour.G, s.colour.B), Symbol: symbols[model]}
	if look.Symbol == "" {
		look.Symbol = "circle"
	}
	for i, d := range s.dashes {
		if i > 0 {
			look.Dash += ","
		}
		look.Dash += fmt.Sprintf("%g", float64(d))
	}
	return look
}
