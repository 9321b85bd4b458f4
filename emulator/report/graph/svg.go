package graph

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// SVG draws the network as a picture of its own, in light colours.
func (n *Network) SVG(use Use) string { return n.draw(use).svg(n.Name, true) }

// Inline draws the network for an HTML page, which gives the colours: the classes are those of SVG, and
// each thing that can be pointed at carries its links' names, one a line, in data-links.
func (n *Network) Inline(use Use) string { return n.draw(use).svg(n.Name, false) }

// palette are the colours of hosts' classes (Okabe and Ito, 2008).
var palette = []string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#5a5a5a"}

// useColours and useWidths are the look of the levels of use.
var (
	useColours = []string{"#a9b0b7", "#8fb8d6", "#4a90c2", "#0b5c94", "#d98200", "#b8400a"}
	useWidths  = []float64{0.8, 1.2, 1.8, 2.6, 3.6, 4.8}
)

// boxes are the fill and the edge of boxes by kind.
var boxes = map[string][2]string{
	"switch": {"#f4f5f6", "#6b7680"}, "exchange": {"#e9eef3", "#3d4f60"}, "medium": {"#fdf5e3", "#a87a12"},
	"cloud": {"#eef3fb", "#3f6fb5"}, "link": {"#ffffff", "#6b7680"},
}

const sheet = `.tb{font-family:'Liberation Sans',Arial,Helvetica,sans-serif}` +
	`.tb .name{font-size:10px;fill:#1d2329}.tb .label{font-size:8.5px;fill:#5b6570}` +
	`.tb .hit{fill:none;stroke:none}.tb path{fill:none}`

func (s *scene) svg(name string, alone bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="tb" viewBox="0 0 %s %s" `+
		`width="%[1]s" height="%[2]s" role="img" aria-label="%s">`,
		short(s.width), short(s.height), escape("Topology "+name))
	if alone {
		b.WriteString("<style>" + sheet + `</style><rect width="100%" height="100%" fill="#fff"/>`)
	}
	for i := 0; i < len(s.marks); i++ {
		g := s.marks[i].group
		if g == 0 {
			s.element(&b, &s.marks[i])
			continue
		}
		b.WriteString("<g")
		if len(s.links[g-1]) > 0 && !alone {
			fmt.Fprintf(&b, ` data-links="%s"`, escape(strings.Join(s.links[g-1], "\n")))
		}
		fmt.Fprintf(&b, "><title>%s</title>", escape(s.tips[g-1]))
		for ; i < len(s.marks) && s.marks[i].group == g; i++ {
			s.element(&b, &s.marks[i])
		}
		i--
		b.WriteString("</g>")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (s *scene) element(b *strings.Builder, m *mark) {
	role, kind, _ := strings.Cut(m.role, " ")
	at := m.path[0]
	switch role {
	case "name", "label":
		class := role
		if m.role == "label" && !m.small {
			class = "name"
		}
		anchor := ""
		if m.middle {
			anchor = ` text-anchor="middle"`
		}
		fmt.Fprintf(b, `<text class="%s" x="%s" y="%s"%s>%s</text>`, class, short(at.x), short(at.y), anchor, escape(m.text))
	case "glyph":
		fmt.Fprintf(b, `<path d="%s" style="fill:%s"/>`, m.outline(), palette[max(0, m.glyph)%len(palette)])
	case "hit":
		fmt.Fprintf(b, `<path class="hit" d="%s"/>`, m.outline())
	case "box":
		fill, edge, width := boxes[kind][0], boxes[kind][1], 0.9
		if m.level > 0 {
			edge, width = useColours[m.level], max(1, useWidths[m.level]*0.7)
		}
		fmt.Fprintf(b, `<path class="box %s" d="%s" fill="%s" stroke="%s" stroke-width="%s" style="fill:%[3]s"/>`,
			kind, m.outline(), fill, edge, short(width))
	default:
		dash := ""
		if kind == "across" {
			dash = ` stroke-dasharray="4 2.5"`
		}
		fmt.Fprintf(b, `<path class="line u%d" d="%s" stroke="%s" stroke-width="%s"%s/>`,
			m.level, m.outline(), useColours[m.level], short(useWidths[m.level]), dash)
	}
}

// glyphSize is the radius of hosts' glyphs.
const glyphSize = 4.2

// corners are those of what is drawn: the path's, or a glyph's around its centre; none for a circle.
func (m *mark) corners() []point {
	if m.role != "glyph" {
		return m.path
	}
	var all []point
	for _, c := range glyphs[max(0, m.glyph)%len(glyphs)] {
		all = append(all, point{m.path[0].x + glyphSize*c.x, m.path[0].y + glyphSize*c.y})
	}
	return all
}

// outline is the SVG path of a mark.
func (m *mark) outline() string {
	corners := m.corners()
	if len(corners) == 0 {
		r := short(0.85 * glyphSize)
		x, y := short(m.path[0].x-0.85*glyphSize), short(m.path[0].y)
		d := short(2 * 0.85 * glyphSize)
		return fmt.Sprintf("M%s %sa%s %[3]s 0 1 0 %s 0a%[3]s %[3]s 0 1 0 -%[4]s 0z", x, y, r, d)
	}
	var b strings.Builder
	for i, c := range corners {
		switch {
		case i == 0:
			b.WriteByte('M')
		case m.curved && i == 1:
			b.WriteByte('C')
		case m.curved:
			b.WriteByte(' ')
		default:
			b.WriteByte('L')
		}
		b.WriteString(short(c.x) + " " + short(c.y))
	}
	if m.closed || m.role == "glyph" {
		b.WriteByte('z')
	}
	return b.String()
}

// short is a coordinate with one digit after the point.
func short(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

// escape makes a text fit for XML, as content and as an attribute.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(printable(s))) // a Builder does not fail
	return b.String()
}
