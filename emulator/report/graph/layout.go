package graph

import (
	"fmt"
	"strings"
	"time"
)

// Measures of the drawing, in the SVG's user units (pixels at full size).
const (
	boxWidth   = 98.0
	boxHeight  = 19.0
	gapWidth   = 118.0 // between a node and those below it; holds a line's label
	cellWidth  = 84.0
	cellHeight = 15.0
	headHeight = 12.0 // of a block's label
	blockGap   = 7.0
	margin     = 8.0
	legendRow  = 20.0
	fontSize   = 10.0
	smallSize  = 8.5
)

// block is hosts below one node whose links are alike, in rows.
type block struct {
	hosts   []int
	columns int
}

func (b *block) height() float64 {
	rows := (len(b.hosts) + b.columns - 1) / b.columns
	return headHeight + float64(rows)*cellHeight
}

// layout gives each node a place.
type layout struct {
	*tree
	x, y    []float64 // of a node's left edge and middle
	blocks  [][]*block
	top     []float64 // of a node's first block
	columns int       // of blocks
	width   float64
	bottom  float64
}

func arrange(t *tree, top float64) *layout {
	n := len(t.Nodes)
	l := &layout{
		tree:    t,
		x:       make([]float64, n),
		y:       make([]float64, n),
		top:     make([]float64, n),
		blocks:  make([][]*block, n),
		columns: 3,
		bottom:  top,
	}
	hosts := 0
	for i := range t.Nodes {
		if t.Nodes[i].Kind == "host" {
			hosts++
		}
	}
	if hosts > 150 {
		l.columns = 6
	}
	for _, root := range t.roots {
		l.placeSubtree(root, 0)
		l.bottom += blockGap
	}
	return l
}

// placeSubtree puts a node and all below it beneath what is placed already.
func (l *layout) placeSubtree(v, depth int) {
	l.x[v] = margin + float64(depth)*(boxWidth+gapWidth)
	l.blocks[v] = l.gather(v)
	start := l.bottom
	l.top[v] = start
	var marks []float64
	right := l.x[v] + boxWidth
	for _, b := range l.blocks[v] {
		marks = append(marks, l.bottom+headHeight+cellHeight/2)
		l.cells(b, right+gapWidth)
		l.bottom += b.height() + blockGap
		l.width = max(l.width, right+gapWidth+float64(min(b.columns, len(b.hosts)))*cellWidth)
	}
	for _, child := range l.children[v] {
		if !l.leaf(child) {
			l.placeSubtree(child, depth+1)
			marks = append(marks, l.y[child])
		}
	}
	if len(marks) == 0 {
		l.y[v] = l.bottom + boxHeight/2
		l.bottom += boxHeight + blockGap
	} else {
		l.y[v] = max((marks[0]+marks[len(marks)-1])/2, start+boxHeight/2)
	}
	l.bottom = max(l.bottom, l.y[v]+boxHeight/2+blockGap)
	l.width = max(l.width, right)
}

// gather collects the hosts below a node by their links' rate, in the order of the first.
func (l *layout) gather(v int) []*block {
	var blocks []*block
	by := map[string]*block{}
	for _, child := range l.children[v] {
		if !l.leaf(child) {
			continue
		}
		line := &l.Lines[l.parent[child]]
		key := line.rate + "\x00" + line.Class
		if by[key] == nil {
			by[key] = &block{columns: l.columns}
			blocks = append(blocks, by[key])
		}
		by[key].hosts = append(by[key].hosts, child)
	}
	return blocks
}

// cells places a block's hosts, at the current bottom.
func (l *layout) cells(b *block, left float64) {
	for i, host := range b.hosts {
		l.x[host] = left + float64(i%b.columns)*cellWidth
		l.y[host] = l.bottom + headHeight + (float64(i/b.columns)+0.5)*cellHeight
	}
}

// label says what a block's links are: those of one host, or how many and between which delays.
func (l *layout) label(b *block) string {
	first := &l.Lines[l.parent[b.hosts[0]]]
	low, high, same := first.delay, first.delay, true
	for _, host := range b.hosts {
		line := &l.Lines[l.parent[host]]
		low, high = min(low, line.delay), max(high, line.delay)
		same = same && line.Label == first.Label
	}
	text := first.Label
	if !same {
		text = first.rate + ", " + span(low, high)
	}
	if len(b.hosts) > 1 && text != "" {
		text = fmt.Sprintf("%d × %s", len(b.hosts), text)
	}
	return text
}

// span is a range of delays, with the unit once where it is the same: 450 to 560 µs.
func span(low, high time.Duration) string {
	if low == high {
		return Delay(low)
	}
	from, to := Delay(low), Delay(high)
	if number, unit, _ := strings.Cut(from, " "); strings.HasSuffix(to, " "+unit) {
		from = number
	}
	return from + " to " + to
}

// fitting is a description, in small letters, without those of its last parts that do not fit into a width.
func fitting(description string, width float64) string {
	for textWidth(description, smallSize) > width {
		cut := strings.LastIndex(description, ", ")
		if cut < 0 {
			break
		}
		description = description[:cut]
	}
	return description
}

// shorten keeps a name's end, where names differ, within so many letters.
func shorten(name string, most int) string {
	letters := []rune(name)
	if len(letters) <= most {
		return name
	}
	return "…" + string(letters[len(letters)-most+1:])
}
