package graph

import (
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"testbed/emulator/report/figures"
)

// printWidth is how wide the topology is printed: two columns of a page.
const printWidth = 180 * vg.Millimeter

// Height is how tall the picture is, in widths.
func (n *Network) Height(use Use) float64 {
	s := n.draw(use)
	return s.height / s.width
}

// Picture draws the network as png or pdf, two columns wide.
func (n *Network) Picture(format string, use Use) ([]byte, error) {
	s := n.draw(use)
	scale := float64(printWidth) / s.width
	data, err := figures.Picture(format, printWidth, vg.Length(s.height*scale), func(c draw.Canvas) {
		p := printer{c, scale, s.height}
		for i := range s.marks {
			p.mark(&s.marks[i])
		}
	})
	if err != nil {
		return nil, fmt.Errorf("topology: %w", err)
	}
	return data, nil
}

// printer draws marks on a canvas whose origin is at the bottom.
type printer struct {
	draw.Canvas
	scale, height float64
}

func (p printer) point(at point) vg.Point {
	return vg.Point{X: p.Min.X + vg.Length(at.x*p.scale), Y: p.Min.Y + vg.Length((p.height-at.y)*p.scale)}
}

func (p printer) mark(m *mark) {
	role, kind, _ := strings.Cut(m.role, " ")
	switch role {
	case "name", "label":
		p.text(m)
	case "glyph":
		p.SetColor(colour(palette[max(0, m.glyph)%len(palette)]))
		p.Fill(p.path(m))
	case "box":
		p.SetColor(colour(boxes[kind][0]))
		p.Fill(p.path(m))
		p.stroke(p.path(m), boxes[kind][1], 0.9, false)
	case "line":
		p.stroke(p.path(m), useColours[m.level], useWidths[m.level], kind == "across")
	}
}

func (p printer) stroke(path vg.Path, ink string, width float64, dashed bool) {
	look := draw.LineStyle{Color: colour(ink), Width: vg.Length(width * p.scale)}
	if dashed {
		look.Dashes = []vg.Length{vg.Length(4 * p.scale), vg.Length(2.5 * p.scale)}
	}
	p.SetLineStyle(look)
	p.Stroke(path)
}

func (p printer) path(m *mark) vg.Path {
	var path vg.Path
	corners := m.corners()
	if len(corners) == 0 {
		at, r := p.point(m.path[0]), vg.Length(0.85*glyphSize*p.scale)
		path.Move(vg.Point{X: at.X + r, Y: at.Y})
		path.Arc(at, r, 0, 6.283185307179586)
		path.Close()
		return path
	}
	path.Move(p.point(corners[0]))
	if m.curved {
		path.CubeTo(p.point(corners[1]), p.point(corners[2]), p.point(corners[3]))
		return path
	}
	for _, c := range corners[1:] {
		path.Line(p.point(c))
	}
	if m.closed || m.role == "glyph" {
		path.Close()
	}
	return path
}

// words replaces what the typefaces of a PDF do not have.
var words = strings.NewReplacer("↑", "up", "↓", "down", "→", "forth", "←", "back", "…", "...")

func (p printer) text(m *mark) {
	size, ink := fontSize, "#1d2329"
	if m.small {
		size, ink = smallSize, "#5b6570"
	}
	look := text.Style{Color: colour(ink), Handler: plot.DefaultTextHandler,
		Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Length(size * p.scale)}}
	if m.middle {
		look.XAlign = draw.XCenter
	}
	p.FillText(look, p.point(m.path[0]), words.Replace(printable(m.text)))
}

// colour reads #rrggbb.
func colour(hex string) color.Color {
	c := color.RGBA{A: 255}
	_, _ = fmt.Sscanf(hex, "#%02x%02x%02x", &c.R, &c.G, &c.B) // the constants above
	return c
}
