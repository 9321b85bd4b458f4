package cut

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
)

// everywhere stands for all parts.
const everywhere = -1

// tooFew is why there are fewer parts with nodes than machines: the links that would have to be cut.
func (n *network) tooFew(p *parts, wanted int) *Refused {
	with := 0
	for _, nodes := range p.nodes {
		if nodes > 0 {
			with++
		}
	}
	links, floor := n.splitting(p, everywhere, func(pieces []int) bool { return len(pieces) >= wanted })
	return &Refused{Problems: []Problem{{
		Text: fmt.Sprintf("there are %s, and only %s can be told apart by links of %v or more: what joins "+
			"nodes in the same part is", printable.Count(wanted, "machine"), printable.Count(with, "part"), p.floor),
		Links: links, Remedy: remedyOf(links, floor, p.floor),
	}}}
}

// remedyOf says what would split a part.
func remedyOf(links []Held, at, floor time.Duration) string {
	if slices.ContainsFunc(links, func(h Held) bool { return h.Segment && h.Delay >= floor }) {
		return "use fewer machines, or write neighbours: static, for with arp only links between exchanges are cut"
	}
	if len(links) == 0 || at == 0 {
		return "use fewer machines"
	}
	return fmt.Sprintf("use fewer machines, give such links a delay of %v or more in both directions, or have a floor "+
		"of %v at most", floor, at)
}

// splitting finds the links that hold a part together: those with the largest delays without which its pieces, nodes
// each, descending, are enough or, where that cannot be, as small as they get. at is the least delay of them, a floor
// with which they would be cut; 0: only shared media, segments and links without delay hold it.
func (n *network) splitting(p *parts, part int, enough func(pieces []int) bool) (links []Held, at time.Duration) {
	delays := []time.Duration{}
	for i := range n.bonds {
		if b := &n.bonds[i]; n.binds(p, b, part) && !b.held {
			delays = append(delays, b.least)
		}
	}
	slices.Sort(delays)
	delays = slices.Compact(delays)
	// The largest floor that is enough: the higher, the larger the pieces.
	low, high := 0, len(delays) // delays[low-1] is enough, delays[high] is not
	for low < high {
		middle := (low + high) / 2
		if enough(n.sizes(p, part, delays[middle])) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == 0 && n.segments != nil {
		return n.media(p, part), 0
	}
	low = max(low, min(1, len(delays)))
	if low > 0 && delays[low-1] > 0 {
		if links = n.between(p, part, delays[low-1]); len(links) > 0 {
			return links, delays[low-1]
		}
	}
	return n.media(p, part), 0
}

// binds says whether a bond is within a part.
func (n *network) binds(p *parts, b *bond, part int) bool {
	of := p.of[b.from]
	return of >= 0 && of == p.of[b.to] && (part == everywhere || of == part) && (b.held || b.least < p.floor)
}

// pieces are what a part falls into where only bonds below floor join.
func (n *network) pieces(p *parts, part int, floor time.Duration) sets {
	pieces := newSets(2 * len(n.graph.Topology.Vertices))
	for i := range n.bonds {
		if b := &n.bonds[i]; n.binds(p, b, part) && (b.held || b.least < floor) {
			pieces.join(b.from, b.to)
		}
	}
	return pieces
}

// sizes are the numbers of nodes of the pieces that have any, descending.
func (n *network) sizes(p *parts, part int, floor time.Duration) []int {
	pieces := n.pieces(p, part, floor)
	count := map[int]int{}
	for i := range n.graph.Topology.Vertices {
		if n.graph.Topology.Vertices[i].Kind.Attached() && (part == everywhere || p.of[i] == part) {
			count[pieces.root(i)]++
		}
	}
	sizes := make([]int, 0, len(count))
	for _, nodes := range count {
		sizes = append(sizes, nodes)
	}
	slices.SortFunc(sizes, func(a, b int) int { return b - a })
	return sizes
}

// between are the links that lead from piece to piece, the largest delay first.
func (n *network) between(p *parts, part int, floor time.Duration) []Held {
	pieces := n.pieces(p, part, floor)
	var path []*bond
	for i := range n.bonds {
		if b := &n.bonds[i]; n.binds(p, b, part) && pieces.root(b.from) != pieces.root(b.to) {
			path = append(path, b)
		}
	}
	links := n.held(path)
	slices.SortStableFunc(links, func(a, b Held) int { return int(b.Delay - a.Delay) })
	return links
}

// media are the shared media of a part, its links without delay, and those that only their segment keeps from being cut.
func (n *network) media(p *parts, part int) []Held {
	t := n.graph.Topology
	var path []*bond
	for i := range n.bonds {
		b := &n.bonds[i]
		shared := b.queue != nil && t.Vertices[b.queue.Link].LinkType == topology.Shared
		if !n.binds(p, b, part) {
			continue
		}
		if least, is := n.leastInSegment(b); is {
			of := *b
			of.least = least
			path = append(path, &of)
		} else if shared || !b.held {
			path = append(path, b)
		}
	}
	links := n.held(path)
	if n.segments == nil {
		return links
	}
	slices.SortStableFunc(links, func(a, b Held) int { return cmp.Compare(b.Delay, a.Delay) })
	long := slices.IndexFunc(links, func(h Held) bool { return h.Delay < p.floor })
	if long > 0 { // which would be cut
		links = links[:long]
	}
	return links
}

// leastInSegment is the least time over a bond, and whether its segment alone keeps it from being cut, if it is long
// enough.
func (n *network) leastInSegment(b *bond) (time.Duration, bool) {
	t := n.graph.Topology
	switch {
	case n.segments == nil || !b.held || b.why != "":
		return 0, false
	case b.queue == nil:
		return b.least, n.segment(b.from, b.to)
	case t.Vertices[b.queue.Link].LinkType == topology.Shared:
		return 0, false
	}
	to := topology.ID(b.to % len(t.Vertices))
	if to == b.queue.Link { // it says where the queue's tail is
		return 0, false
	}
	return n.least(*b.queue, to), true
}

// remark says what a user should know of a cut: whose load is far from its share, and why.
func (n *network) remark(r *Result, p *parts) {
	all, worst := 0, 0
	for _, nodes := range r.Parts {
		all += nodes
	}
	for i := range r.Loads {
		if r.Loads[i].Share > r.Loads[worst].Share {
			worst = i
		}
	}
	room := room(n.shares()[worst], all)
	if float64(r.Loads[worst].Nodes) <= room {
		return
	}
	note := fmt.Sprintf("%s carries %d of %s, %.2f times its share: ", n.options.Machines[worst].Name,
		r.Loads[worst].Nodes, printable.Count(all, "node"), r.Loads[worst].Share)
	largest := slices.Index(p.nodes, slices.Max(p.nodes))
	switch {
	case float64(p.nodes[largest]) > room:
		links, at := n.splitting(p, largest, func(pieces []int) bool { return float64(pieces[0]) <= room })
		note += fmt.Sprintf("%d nodes are held together by %s; %s", p.nodes[largest], list(links),
			remedyOf(links, at, p.floor))
	case len(n.options.Pins) > 0:
		note += "the pins leave no better cut, or one that would cross more"
	case n.spread(r.Parts, all) >= r.Loads[worst].Share-1e-9:
		note += "what cannot be split has " + sizes(r.Parts) + " nodes, and fits no better"
	default:
		note += "a more even cut would cross more, or nearer to the floor"
	}
	r.Notes = append(r.Notes, note)
}

// spread is the largest share of a machine's where parts, descending, are spread evenly, whatever they have to do with
// one another: each goes where it leaves most room.
func (n *network) spread(parts []int, all int) (worst float64) {
	shares := n.shares()
	loads := make([]float64, len(shares))
	for _, nodes := range parts {
		best := 0
		for m := range loads {
			if (loads[m]+float64(nodes))/shares[m] < (loads[best]+float64(nodes))/shares[best] {
				best = m
			}
		}
		loads[best] += float64(nodes)
	}
	for m := range loads {
		worst = max(worst, loads[m]/(shares[m]*float64(all)))
	}
	return worst
}

// sizes lists numbers of nodes, the same ones counted: 4 × 20, 1.
func sizes(parts []int) string {
	var texts []string
	for i := 0; i < len(parts); {
		n := i
		for n < len(parts) && parts[n] == parts[i] {
			n++
		}
		text := strconv.Itoa(parts[i])
		if n-i > 1 {
			text = strconv.Itoa(n-i) + " × " + text
		}
		texts, i = append(texts, text), n
	}
	const most = 6
	if len(texts) > most {
		texts = append(texts[:most], "...")
	}
	return strings.Join(texts, ", ")
}
