package graph

import (
	"math"
	"slices"
)

// node draws a node: a host as its class's glyph with its name, others as a box.
func (p *painter) node(v int) {
	n := &p.Nodes[v]
	at := point{p.x[v], p.y[v]}
	if p.leaf(v) {
		line := &p.Lines[p.parent[v]]
		use, about := p.of(line)
		g := p.group(append(slices.Clone(n.about), about...), line.Links)
		p.host(v, at, use, g)
		return
	}
	links := []string(nil)
	about, use := n.about, 0
	if n.Link {
		links = []string{n.Name}
		if share, ok := p.use[n.Name]; ok {
			about, use = append(slices.Clone(about), usedText(share)), level(share)
		}
	}
	g := p.group(about, links)
	if n.Kind == "host" {
		p.host(v, at, 0, g)
		return
	}
	p.add(mark{role: "box " + n.Kind, level: use, closed: true, group: g, path: outline(n.Kind, at)})
	name := point{at.x + boxWidth/2, at.y + 3.4}
	if n.Link {
		name.y = at.y - 0.6
		shape := fitting(n.Shape, boxWidth)
		below := point{name.x, at.y + 7.6}
		p.add(mark{role: "label", small: true, middle: true, text: shape, group: g, path: []point{below}})
	}
	p.add(mark{role: "name", middle: true, text: shorten(n.Name, 17), group: g, path: []point{name}})
}

func (p *painter) host(v int, at point, use, group int) {
	n := &p.Nodes[v]
	cell := rectangle(at.x-1, at.y-cellHeight/2, cellWidth-4, cellHeight)
	p.add(mark{role: "hit", closed: true, group: group, path: cell})
	if p.used {
		p.add(mark{role: "line", level: use, group: group, path: []point{{at.x, at.y - 5}, {at.x, at.y + 5}}})
	}
	p.add(mark{role: "glyph", glyph: slices.Index(p.classes, n.Class), group: group, path: []point{{at.x + 9, at.y}}})
	p.add(mark{role: "name", text: shorten(n.Name, 12), group: group, path: []point{{at.x + 16, at.y + 3.4}}})
}

func rectangle(x, y, w, h float64) []point {
	return []point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}
}

// outline is the form of a box: exchanges are pointed on both sides, media slanted, others plain.
func outline(kind string, at point) []point {
	x, y, w, h := at.x, at.y-boxHeight/2, boxWidth, boxHeight
	switch kind {
	case "medium", "link":
		return rectangle(x, y-2, w, h+4)
	case "exchange":
		return []point{{x + 6, y}, {x + w - 6, y}, {x + w, at.y}, {x + w - 6, y + h}, {x + 6, y + h}, {x, at.y}}
	}
	return rectangle(x, y, w, h)
}

// glyphs are the forms of hosts' classes; nil is a circle.
var glyphs = [][]point{
	nil, polygon(4, math.Pi/4), polygon(3, -math.Pi/2), polygon(4, 0), polygon(3, math.Pi/2), polygon(5, -math.Pi/2),
	polygon(6, 0),
}

func polygon(n int, first float64) []point {
	corners := make([]point, n)
	for i := range corners {
		sin, cos := math.Sincos(first + 2*math.Pi*float64(i)/float64(n))
		corners[i] = point{cos, sin}
	}
	return corners
}

// legend explains the glyphs and, where use is drawn, its levels.
func (p *painter) legend() {
	x, y := margin, margin+6
	for i, class := range p.classes {
		p.add(mark{role: "glyph", glyph: i, path: []point{{x + 5, y}}})
		if class == "" {
			class = "host"
		}
		p.add(mark{role: "name", text: class, path: []point{{x + 13, y + 3.4}}})
		x += 13 + textWidth(class, fontSize) + 16
	}
	p.right = max(p.right, x)
	if !p.used {
		return
	}
	x, y = margin, y+legendRow
	const title = "highest use of a link:"
	p.add(mark{role: "name", text: title, path: []point{{x, y + 3.4}}})
	x += textWidth(title, fontSize) + 8
	for i, name := range useNames {
		p.add(mark{role: "line", level: i, path: []point{{x, y}, {x + 20, y}}})
		p.add(mark{role: "name", text: name, path: []point{{x + 25, y + 3.4}}})
		x += 25 + textWidth(name, fontSize) + 14
	}
	p.right = max(p.right, x)
}
