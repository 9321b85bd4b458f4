package graph

import (
	"fmt"
	"math"
	"slices"
	"strings"

	counted "testbed/emulator/internal/printable"
)

// Use says how much links were used: the share of a link's rate, 0 to 1, by the link's name. Of a link
// with two queues it is the larger share.
type Use map[string]float64

// level is the class of a share: 0 unknown or unused, 5 the highest.
func level(share float64) int {
	for i, bound := range useBounds {
		if share <= bound {
			return i
		}
	}
	return len(useBounds)
}

// useBounds are the shares up to which a link is of level 0, 1, ...
var useBounds = []float64{0.001, 0.01, 0.1, 0.3, 0.6}

var useNames = []string{"unused", "to 1 %", "to 10 %", "to 30 %", "to 60 %", "above"}

type point struct{ x, y float64 }

// mark is one thing that is drawn.
type mark struct {
	role   string // what it is, which decides its look
	path   []point
	curved bool // path is the four points of a cubic curve
	closed bool
	text   string
	small  bool
	middle bool // text is centred
	glyph  int  // of a host: index of its class; with path[0] as its centre
	level  int  // of use, for lines
	group  int  // marks of one group share tip and links; 0: none
}

// scene is a drawing: marks in order, from the back to the front.
type scene struct {
	width, height float64
	marks         []mark
	tips          []string // by group
	links         [][]string
	used          bool
}

func (s *scene) group(about []string, links []string) int {
	s.tips = append(s.tips, strings.Join(about, "\n"))
	s.links = append(s.links, links)
	return len(s.tips)
}

func (s *scene) add(m mark) { s.marks = append(s.marks, m) }

// draw makes the scene of a network, with the use of links where it is known.
func (n *Network) draw(use Use) *scene {
	s := &scene{used: len(use) > 0}
	p := &painter{scene: s, use: use, classes: n.classes()}
	top := margin + legendRow
	if s.used {
		top += legendRow
	}
	p.layout = arrange(spanningTree(n), top)
	p.lines()
	p.across()
	p.bundled()
	for v := range n.Nodes {
		p.node(v)
	}
	p.legend()
	s.width, s.height = max(p.layout.width, p.right)+margin, p.layout.bottom+margin
	return s
}

// classes are the hosts' classes, in alphabetical order.
func (n *Network) classes() []string {
	var all []string
	for i := range n.Nodes {
		if v := &n.Nodes[i]; v.Kind == "host" && !slices.Contains(all, v.Class) {
			all = append(all, v.Class)
		}
	}
	slices.Sort(all)
	return all
}

type painter struct {
	*scene
	*layout
	use     Use
	classes []string
	right   float64
}

// of is the highest share of a line's links, and the line's tip with it.
func (p *painter) of(l *Line) (int, []string) {
	share, known := 0.0, false
	for _, name := range l.Links {
		if u, ok := p.use[name]; ok {
			share, known = max(share, u), true
		}
	}
	if !known {
		return 0, l.about
	}
	return level(share), append(slices.Clone(l.about), usedText(share))
}

func usedText(share float64) string { return fmt.Sprintf("highest use %.2g %%", 100*share) }

// lines draws the tree's lines with right angles.
func (p *painter) lines() {
	for v := range p.Nodes {
		from := point{p.x[v] + boxWidth, p.y[v]}
		for _, b := range p.blocks[v] {
			first := b.hosts[0]
			y := p.y[first]
			highest := 0
			for _, host := range b.hosts {
				l, _ := p.of(&p.Lines[p.parent[host]])
				highest = max(highest, l)
			}
			p.elbow(mark{role: "line", level: highest}, from, point{p.x[first] - 4, y})
			p.add(mark{role: "label", small: true, text: p.label(b), path: []point{{p.x[first], y - cellHeight/2 - 2.5}}})
			p.right = max(p.right, p.x[first]+textWidth(p.label(b), smallSize))
		}
		for _, child := range p.children[v] {
			if p.leaf(child) {
				continue
			}
			l := &p.Lines[p.parent[child]]
			level, about := p.of(l)
			g := p.group(about, l.Links)
			p.elbow(mark{role: "line", level: level, group: g}, from, point{p.x[child], p.y[child]})
			p.over(l.Label, p.x[child]-4, p.y[child], g)
		}
	}
}

func (p *painter) elbow(m mark, from, to point) {
	bend := from.x + 10
	m.path = []point{from, {bend, from.y}, {bend, to.y}, to}
	p.scene.add(m)
}

// over writes a line's label above its end, in two lines where it speaks of two directions, as far as there is room
// beside the box that it leads to: all of it is in the line's tip.
func (p *painter) over(text string, right, y float64, group int) {
	const indent = 16
	rows := strings.Split(text, "  ")
	for i, row := range rows {
		at := point{right - gapWidth + indent, y - 4 + float64(i)*(smallSize+6)}
		row = fitting(row, gapWidth-indent)
		p.add(mark{role: "label", small: true, text: row, path: []point{at}, group: group})
	}
}

// across draws the lines that are not in the tree, curved at the left of the nodes.
func (p *painter) across() {
	for i := range p.Lines {
		l := &p.Lines[i]
		if p.inTree[i] || slices.ContainsFunc(p.bundles, func(b bundle) bool { return slices.Contains(b.lines, i) }) {
			continue
		}
		level, about := p.of(l)
		g := p.group(about, l.Links)
		a, b := point{p.x[l.From], p.y[l.From]}, point{p.x[l.To], p.y[l.To]}
		bow := 14 + math.Min(40, math.Abs(a.y-b.y)/8)
		arc := []point{a, {a.x - bow, a.y}, {b.x - bow, b.y}, b}
		p.add(mark{role: "line across", level: level, curved: true, group: g, path: arc})
		if l.Label != "" {
			p.add(mark{role: "label", small: true, text: l.Label, group: g, path: []point{{(a.x+b.x)/2 + 4, (a.y + b.y) / 2}}})
		}
	}
}

// bundled draws what leads from one node to very many hosts as one line with words.
func (p *painter) bundled() {
	for _, b := range p.bundles {
		block := &block{}
		labels := map[string]bool{}
		share := 0.0
		for _, i := range b.lines {
			labels[p.Lines[i].Label] = true
			block.hosts = append(block.hosts, i)
			for _, name := range p.Lines[i].Links {
				share = max(share, p.use[name])
			}
		}
		text := fmt.Sprintf("a link to each of %s: %s", counted.Count(len(b.lines), "host"), p.Lines[b.lines[0]].Label)
		if len(labels) > 1 {
			text += ", and others"
		}
		about := []string{p.Nodes[b.node].Name, text}
		if share > 0 {
			about = append(about, usedText(share))
		}
		g := p.group(about, nil)
		from := point{p.x[b.node] + boxWidth, p.y[b.node]}
		p.add(mark{role: "line across", level: level(share), group: g, path: []point{from, {from.x + 24, from.y}}})
		p.add(mark{role: "label", text: text, group: g, path: []point{{from.x + 30, from.y + 3}}})
		p.right = max(p.right, from.x+30+textWidth(text, fontSize))
	}
}

// textWidth estimates a text's width.
func textWidth(text string, size float64) float64 { return 0.56 * size * float64(len([]rune(text))) }
