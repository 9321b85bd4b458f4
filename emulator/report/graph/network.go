// Package graph draws topologies: as DOT and Mermaid for other programs, and as a picture of its own that
// stays readable with a hundred hosts. The same topology gives the same bytes every time.
package graph

import (
	"fmt"
	"strings"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Network is a topology as people see it: what packets pass are points, and the links between them lines.
// A shared medium is a point, for it has many ends; the two directions of an access line are one line.
type Network struct {
	Name  string
	Nodes []Node
	Lines []Line
}

// Node is a host, the cloud, a switch, an exchange or a shared medium.
type Node struct {
	Name  string
	Kind  string // host, cloud, switch, exchange, medium, link
	Class string
	Shape string // of a medium or link: its rate and delay
	Link  bool   // it is a link of the topology as well, by the same name
	about []string
}

// Line joins two nodes, by their indexes.
type Line struct {
	From, To int
	Links    []string // names of the topology's links that it stands for: none, one, or one of each direction
	Class    string
	Label    string // rate and delay, short
	about    []string
	rate     string        // the label without the delay
	delay    time.Duration // of the first direction
}

// Of makes a network of a topology.
func Of(t *topology.Topology) *Network {
	b := &builder{
		t:     t,
		net:   &Network{Name: t.Name},
		index: map[topology.ID]int{},
		into:  incoming(t),
		line:  map[topology.ID]bool{},
	}
	for i := range t.Vertices {
		if b.isLine(topology.ID(i)) {
			b.line[topology.ID(i)] = true
			continue
		}
		b.node(topology.ID(i))
	}
	b.lines()
	b.bare()
	return b.net
}

type builder struct {
	t     *topology.Topology
	net   *Network
	index map[topology.ID]int // of the node that a vertex is
	into  [][]topology.ID
	line  map[topology.ID]bool
}

func incoming(t *topology.Topology) [][]topology.ID {
	into := make([][]topology.ID, len(t.Vertices))
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			into[e.To] = append(into[e.To], topology.ID(v))
		}
	}
	return into
}

// isLine says whether a link has two ends, both of them nodes.
func (b *builder) isLine(id topology.ID) bool {
	v := &b.t.Vertices[id]
	if v.Kind != topology.Link || v.LinkType == topology.Shared {
		return false
	}
	from, to, ok := b.ends(id)
	if !ok {
		return false
	}
	for _, end := range []topology.ID{from, to} {
		if n := &b.t.Vertices[end]; n.Kind == topology.Link && n.LinkType != topology.Shared {
			return false
		}
	}
	return true
}

// ends are the vertices on both sides of a link.
func (b *builder) ends(id topology.ID) (from, to topology.ID, ok bool) {
	out, in := b.t.Adjacency[id], b.into[id]
	if b.t.Vertices[id].LinkType == topology.Duplex {
		if len(out) != 2 {
			return 0, 0, false
		}
		return out[0].To, out[1].To, out[0].To != out[1].To
	}
	if len(out) != 1 || len(in) != 1 {
		return 0, 0, false
	}
	return in[0], out[0].To, in[0] != out[0].To
}

func (b *builder) node(id topology.ID) {
	v := &b.t.Vertices[id]
	about := []string{v.Name, strings.TrimSpace(v.Kind.String() + " " + v.Class)}
	n := Node{Name: v.Name, Kind: v.Kind.String(), Class: v.Class, about: about}
	if v.Kind == topology.Link {
		n.Link, n.Shape = true, Describe(v.Shape[0], 0)
		if v.LinkType == topology.Shared {
			n.Kind = "medium"
		}
		n.about = []string{v.Name, strings.TrimSpace(v.LinkType.String() + " " + n.Kind + " " + v.Class), n.Shape}
	}
	b.index[id] = len(b.net.Nodes)
	b.net.Nodes = append(b.net.Nodes, n)
}

// lines makes a line of each link with two ends; the opposite directions of one access line share one.
func (b *builder) lines() {
	type pair struct{ a, b int }
	single := map[pair]int{} // lines of one direction
	for i := range b.t.Vertices {
		id := topology.ID(i)
		if !b.line[id] {
			continue
		}
		v := &b.t.Vertices[id]
		from, to, _ := b.ends(id)
		f, t := b.index[from], b.index[to]
		forth := Describe(v.Shape[0], b.edges(from, id, to))
		if v.LinkType == topology.Duplex {
			back := Describe(v.Shape[1], b.edges(to, id, from))
			forthRate, backRate := Describe(still(v.Shape[0]), 0), Describe(still(v.Shape[1]), 0)
			b.net.Lines = append(b.net.Lines, Line{
				From:  f,
				To:    t,
				Links: []string{v.Name},
				Class: v.Class,
				Label: both(forth, back),
				about: b.directions(v, from, to, forth, back),
				rate:  both(forthRate, backRate),
				delay: v.Shape[0].Delay + b.edges(from, id, to),
			})
			continue
		}
		about := fmt.Sprintf("%s → %s: %s", b.t.Vertices[from].Name, b.t.Vertices[to].Name, forth)
		if j, ok := single[pair{t, f}]; ok {
			l := &b.net.Lines[j]
			l.Label = upDown(l.Label, forth, v.LinkType == topology.Uplink)
			l.Links, l.about = append(l.Links, v.Name), append(l.about, v.Name, about)
			delete(single, pair{t, f})
			continue
		}
		single[pair{f, t}] = len(b.net.Lines)
		b.net.Lines = append(b.net.Lines, Line{From: f, To: t, Links: []string{v.Name}, Class: v.Class, Label: forth,
			about: []string{v.Name, strings.TrimSpace("access line " + v.Class), about}})
	}
}

func (b *builder) directions(v *topology.Vertex, from, to topology.ID, forth, back string) []string {
	about := []string{v.Name, strings.TrimSpace("duplex link " + v.Class)}
	if forth == back {
		return append(about, forth+" each way")
	}
	x, y := b.t.Vertices[from].Name, b.t.Vertices[to].Name
	return append(about, fmt.Sprintf("%s → %s: %s", x, y, forth), fmt.Sprintf("%s → %s: %s", y, x, back))
}

// still is a shape without its delay.
func still(s topology.Shape) topology.Shape {
	s.Delay = 0
	return s
}

// edges is the propagation delay of the edges into and out of a link.
func (b *builder) edges(from, link, to topology.ID) time.Duration {
	return b.edge(from, link) + b.edge(link, to)
}

func (b *builder) edge(from, to topology.ID) time.Duration {
	for _, e := range b.t.Adjacency[from] {
		if e.To == to {
			return e.Delay
		}
	}
	return 0
}

// bare makes a line of each pair of nodes that are joined without a link.
func (b *builder) bare() {
	seen := map[[2]int]bool{}
	for v, edges := range b.t.Adjacency {
		from, ok := b.index[topology.ID(v)]
		for _, e := range edges {
			to, other := b.index[e.To]
			if !ok || !other || from == to || seen[[2]int{from, to}] || seen[[2]int{to, from}] {
				continue
			}
			seen[[2]int{from, to}] = true
			label := ""
			if e.Delay > 0 {
				label = Delay(e.Delay)
			}
			b.net.Lines = append(b.net.Lines, Line{From: from, To: to, Label: label,
				about: []string{b.net.Nodes[from].Name + " – " + b.net.Nodes[to].Name, "no rate of its own", label}})
		}
	}
}

// both joins what is said of two directions.
func both(forth, back string) string {
	if forth == back {
		return forth
	}
	return "→ " + forth + "  ← " + back
}

// upDown joins what is said of the two directions of an access line.
func upDown(first, second string, secondIsUp bool) string {
	if first == second {
		return first
	}
	if secondIsUp {
		first, second = second, first
	}
	return "↑ " + first + "  ↓ " + second
}

// Describe says a queue's rate, delay and impairments in short, with the delay of the edges beside it.
func Describe(s topology.Shape, edges time.Duration) string {
	parts := []string{"unlimited"}
	if s.Rate > 0 {
		parts[0] = Rate(s.Rate)
	}
	if d := s.Delay + edges; d > 0 {
		parts = append(parts, Delay(d))
	}
	if s.Jitter > 0 {
		parts = append(parts, "± "+Delay(s.Jitter))
	}
	for _, p := range []struct {
		what string
		part float64
	}{{"loss", s.Loss}, {"reordered", s.Reorder}, {"duplicated", s.Duplicate}, {"corrupt", s.Corrupt}} {
		if p.part > 0 {
			parts = append(parts, units.Percent(p.part)+" "+p.what)
		}
	}
	return strings.Join(parts, ", ")
}

// Rate is a rate with three significant digits and the unit that fits, as the scenario file spells it: 50 Mbps.
func Rate(r units.BitRate) string {
	value, unit := float64(r), "bps"
	for _, u := range []string{"kbps", "Mbps", "Gbps", "Tbps"} {
		if value < 1000 {
			break
		}
		value, unit = value/1000, u
	}
	return fmt.Sprintf("%.4g %s", value, unit)
}

// Delay is a delay with three significant digits and the unit that fits: 6.21 ms.
func Delay(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g µs", float64(d)/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}
