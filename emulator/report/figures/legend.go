package figures

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// entry is a sample with its name.
type entry struct {
	name   string
	sample func(c *draw.Canvas, from, to vg.Point)
}

const (
	sampleWidth = vg.Length(17)
	rowHeight   = vg.Length(10)
	gap         = vg.Length(3) // between a sample and its name
	shortName   = 10           // characters, of which four fit side by side
)

// legend are the rows of entries above the figure: one entry a model, and below them the policies where
// they are told apart.
func (f *Figure) legend() [][]entry {
	var models, policies []entry
	var seen, told []string
	for i := range f.Curves {
		c := &f.Curves[i]
		if d := f.drawing(i); !slices.Contains(seen, c.Model) {
			seen = append(seen, c.Model)
			models = append(models, entry{c.Model, f.modelSample(d)})
		}
		if f.ByPolicy && !slices.Contains(told, c.Policy) {
			told = append(told, c.Policy)
			policies = append(policies, entry{c.Policy, f.policySample(c.Policy)})
		}
	}
	columns := 4
	if f.ByOrder && slices.ContainsFunc(seen, func(name string) bool { return len(name) > shortName }) {
		columns = 2
	}
	rows := slices.Collect(slices.Chunk(models, columns))
	if len(policies) > 0 {
		rows = append(rows, policies)
	}
	return rows
}

// modelSample is a piece of the line with a marker; where the dash means the policy it is drawn solid.
func (f *Figure) modelSample(d *drawing) func(*draw.Canvas, vg.Point, vg.Point) {
	line := d.line
	if f.ByPolicy {
		line.Dashes = nil
	}
	return func(c *draw.Canvas, from, to vg.Point) {
		c.StrokeLines(line, []vg.Point{from, to})
		if d.NoMarks {
			return
		}
		d.style.mark(c, vg.Point{X: (from.X + to.X) / 2, Y: from.Y}, 0, true)
	}
}

func (f *Figure) policySample(policy string) func(*draw.Canvas, vg.Point, vg.Point) {
	dashes, full := policyLook(f.Looks, policy)
	return func(c *draw.Canvas, from, to vg.Point) {
		c.StrokeLines(draw.LineStyle{Color: grey, Width: lineWidth, Dashes: dashes}, []vg.Point{from, to})
		style{colour: grey}.mark(c, vg.Point{X: (from.X + to.X) / 2, Y: from.Y}, 0, full)
	}
}

// drawLegend draws the rows, each spread over the width, from the top.
func drawLegend(c draw.Canvas, rows [][]entry) {
	look := text.Style{Color: black, Font: sans(tickSize), YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
	y := c.Max.Y - rowHeight/2
	for _, row := range rows {
		var used vg.Length
		for _, e := range row {
			used += sampleWidth + gap + look.Width(e.name)
		}
		space := min((c.Max.X-c.Min.X-used)/vg.Length(max(len(row), 1)), 14)
		x := (c.Min.X + c.Max.X - used - space*vg.Length(len(row)-1)) / 2
		for _, e := range row {
			e.sample(&c, vg.Point{X: x, Y: y}, vg.Point{X: x + sampleWidth, Y: y})
			c.FillText(look, vg.Point{X: x + sampleWidth + gap, Y: y}, e.name)
			x += sampleWidth + gap + look.Width(e.name) + space
		}
		y -= rowHeight
	}
}
