package figures

import (
	"cmp"
	"fmt"
	"image/color"
	"math"

	"testbed/emulator/catalogue"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of a figure: one column of a two-column page, or both, legible when printed.
const (
	width      = 85 * vg.Millimeter
	height     = 64 * vg.Millimeter
	wideWidth  = 175 * vg.Millimeter
	wideHeight = wideWidth * 400 / 960
	textSize   = vg.Length(8) // points
	tickSize   = vg.Length(7)
	hairline   = vg.Length(0.4)
	lineWidth  = vg.Length(1.0)
	barWidth   = vg.Length(0.6)
	capWidth   = vg.Length(3)
	markSize   = vg.Length(2.3) // radius; a figure with many points has smaller ones
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

// orderly are the looks of curves that are no models.
var orderly = []style{
	{blue, nil, nil},
	{vermillion, polygon(4, math.Pi/4), []vg.Length{5, 1.5}},
	{green, polygon(3, math.Pi/2), []vg.Length{1.5, 1.5}},
	{orange, polygon(4, 0), []vg.Length{6, 1.5, 1.5, 1.5}},
	{purple, polygon(3, -math.Pi/2), []vg.Length{3, 1.5}},
	{skyBlue, polygon(5, math.Pi/2), []vg.Length{8, 2}},
	{black, star(), []vg.Length{1, 1}},
	{grey, polygon(6, 0), []vg.Length{8, 1.5, 1.5, 1.5}},
}

// shapes are the corners of the markers.
var shapes = map[catalogue.Symbol][]vg.Point{
	catalogue.Square: polygon(4, math.Pi/4), catalogue.Triangle: polygon(3, math.Pi/2), catalogue.Diamond: polygon(4, 0),
	catalogue.Down: polygon(3, -math.Pi/2), catalogue.Pentagon: polygon(5, math.Pi/2), catalogue.Star: star(),
}

// styleOf is a look as it is drawn.
func styleOf(l catalogue.Look) style {
	s := style{colour: black, corner: shapes[l.Symbol], dashes: lengths(l.Dash)}
	if _, err := fmt.Sscanf(l.Colour, "#%02x%02x%02x", &s.colour.R, &s.colour.G, &s.colour.B); err != nil {
		s.colour = black
	}
	return s
}

func lengths(points []float64) []vg.Length {
	var all []vg.Length
	for _, d := range points {
		all = append(all, vg.Length(d))
	}
	return all
}

// modelStyle is the style of an execution model's curves.
func modelStyle(looks *catalogue.Catalogue, model string) style {
	return styleOf(looks.Describe(catalogue.Models, model).Look)
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

// LookOf is the look of a model of the catalogue; any other is a black circle.
func LookOf(looks *catalogue.Catalogue, model string) Look {
	l := looks.Describe(catalogue.Models, model).Look
	c := styleOf(l).colour
	look := Look{Colour: fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B), Symbol: string(cmp.Or(l.Symbol, catalogue.Circle))}
	for i, d := range l.Dash {
		if i > 0 {
			look.Dash += ","
		}
		look.Dash += fmt.Sprintf("%g", d)
	}
	return look
}
