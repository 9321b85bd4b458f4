package figures

import (
	"iter"
	"slices"

	"testbed/emulator/catalogue"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// drawing is a curve as it is drawn.
type drawing struct {
	*Figure
	number int
	points []Point // those that can be drawn
	style  style
	line   draw.LineStyle
	full   bool // markers are filled
}

// drawing chooses the look of a curve, given by its number. Where policies are told apart, load is the one with dashes
// and open markers, as it is the one that the study improves upon; otherwise every model has its own dashes.
func (f *Figure) drawing(number int) *drawing {
	c := &f.Curves[number]
	d := &drawing{Figure: f, number: number, style: modelStyle(f.Looks, c.Model), full: true}
	if f.ByOrder {
		d.style = orderly[f.order(number)%len(orderly)]
	}
	for _, p := range c.Points {
		if f.drawable(p) {
			d.points = append(d.points, p)
		}
	}
	d.line = draw.LineStyle{Color: d.style.colour, Width: lineWidth, Dashes: d.style.dashes}
	if f.ByPolicy {
		d.line.Dashes, d.full = policyLook(f.Looks, c.Policy)
	}
	return d
}

// order is the number of a curve's look: its own or, where policies are told apart, one for all of its name.
func (f *Figure) order(number int) int {
	if !f.ByPolicy {
		return number
	}
	var names []string
	for i := range f.Curves[:number+1] {
		if !slices.Contains(names, f.Curves[i].Model) {
			names = append(names, f.Curves[i].Model)
		}
	}
	return slices.Index(names, f.Curves[number].Model)
}

// policyLook tells policies apart, and predictions from what was measured.
func policyLook(looks *catalogue.Catalogue, policy string) (dashes []vg.Length, full bool) {
	look := catalogue.Look{Dash: []float64{3, 1.5}, Open: true} // of what is in no catalogue
	switch {
	case policy == Measured:
		look = catalogue.Look{}
	case looks.Has(catalogue.Policies, policy):
		look = looks.Describe(catalogue.Policies, policy).Look
	case looks.Has(catalogue.Predictors, policy):
		look = looks.Describe(catalogue.Predictors, policy).Look
	}
	return lengths(look.Dash), !look.Open
}

// Plot draws line, intervals and markers, in this order.
func (d *drawing) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	points := make([]vg.Point, len(d.points))
	for i, q := range d.points {
		points[i] = vg.Point{X: toX(d.X.scale(q.X)), Y: toY(d.Y.scale(q.Y))}
	}
	c.StrokeLines(d.line, points)
	if d.Bars {
		for i, q := range d.points {
			d.bar(&c, points[i], q, toY)
		}
	}
	if d.NoMarks {
		return
	}
	for i := range d.marks(p.X.Norm) {
		d.style.mark(&c, points[i], d.MarkSize, d.full)
	}
}

// marks are the indexes of the points that get a marker: all, or some at the figure's distance from each
// other, where each curve begins somewhere else, so that curves that coincide can still be told apart.
func (d *drawing) marks(norm func(float64) float64) iter.Seq[int] {
	return func(yield func(int) bool) {
		next := d.MarkEvery * (float64(d.number) + 0.5) / float64(len(d.Curves))
		for i, q := range d.points {
			if d.MarkEvery > 0 && norm(d.X.scale(q.X)) < next-1e-9 {
				continue
			}
			next += d.MarkEvery
			if !yield(i) {
				return
			}
		}
	}
}

// bar draws a point's interval, as far as the axis reaches.
func (d *drawing) bar(c *draw.Canvas, at vg.Point, q Point, toY func(float64) vg.Length) {
	if !q.bounded() {
		return
	}
	low, capped := c.Min.Y, false
	if d.Y.drawable(q.Low) {
		low = max(low, toY(d.Y.scale(q.Low)))
		capped = low > c.Min.Y
	}
	high := min(c.Max.Y, toY(d.Y.scale(q.High)))
	look := draw.LineStyle{Color: d.style.colour, Width: barWidth}
	c.StrokeLine2(look, at.X, low, at.X, high)
	c.StrokeLine2(look, at.X-capWidth/2, high, at.X+capWidth/2, high)
	if capped {
		c.StrokeLine2(look, at.X-capWidth/2, low, at.X+capWidth/2, low)
	}
}

// plot sets up axes and curves, without the legend.
func (f *Figure) plot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	f.axis(&p.X, &f.X, f.reach(&f.X, func(q Point) (float64, float64) { return q.X, q.X }))
	f.axis(&p.Y, &f.Y, f.reach(&f.Y, f.extent))
	p.Add(grid{})
	for i := range f.Curves {
		p.Add(f.drawing(i))
	}
	return p
}

// axis sets the look of an axis.
func (f *Figure) axis(axis *plot.Axis, spec *Axis, limits [2]float64) {
	axis.Min, axis.Max = limits[0], limits[1]
	axis.Label.Text = spec.Label
	axis.Label.TextStyle.Font = sans(textSize)
	axis.Label.Padding = 1.5
	axis.Tick.Label.Font = sans(tickSize)
	axis.Tick.Length = 3
	axis.Tick.LineStyle.Width, axis.LineStyle.Width = hairline, hairline
	axis.Padding = 0
	axis.Tick.Marker = ticks{spec}
}

// extent is what of a point has to be within the y axis.
func (f *Figure) extent(q Point) (low, high float64) {
	if !f.Bars || !q.bounded() {
		return q.Y, q.Y
	}
	if !f.Y.drawable(q.Low) {
		return q.Y, q.High
	}
	return q.Low, q.High
}

// sans is the typeface of all text.
func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// grid draws pale horizontal lines at the labelled ticks.
type grid struct{}

func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	_, toY := p.Transforms(&c)
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if y := toY(t.Value); !t.IsMinor() && c.ContainsY(y) {
			c.StrokeLine2(draw.LineStyle{Color: paleGrey, Width: hairline}, c.Min.X, y, c.Max.X, y)
		}
	}
}
