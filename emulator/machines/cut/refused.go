package cut

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"testbed/emulator/topology"
)

// maxProblems is how many problems one refusal names at most.
const maxProblems = 8

// Refused says why a topology cannot be cut as wanted.
type Refused struct {
	Problems []Problem
	pairs    bool // the floors of single pairs of machines are why
}

func (r *Refused) Error() string {
	texts := make([]string, len(r.Problems))
	for i := range r.Problems {
		texts[i] = r.Problems[i].String()
	}
	return strings.Join(texts, "\n")
}

// Problem is one reason, the links that are it, and what helps.
type Problem struct {
	Text   string
	Links  []Held
	Remedy string
}

func (p *Problem) String() string {
	text := p.Text
	if len(p.Links) > 0 {
		text += ": " + list(p.Links)
	}
	return text + "; " + p.Remedy
}

// Held is a link that cannot be cut.
type Held struct {
	Link   string        // or the two nodes of an edge that has none
	Delay  time.Duration // that packets take at least
	Shared bool          // it is a shared medium, which is never split
	// Segment says that it is in a segment in which hosts ask for hardware addresses, which is not split either.
	Segment bool
	Why     string // where it is written that it leads there, of a link that does so for a while
}

func (h Held) String() string {
	what := h.Delay.String()
	switch {
	case h.Shared:
		what = "a shared medium"
	case h.Segment:
		what = "in a segment, with neighbours: arp"
	}
	if h.Why != "" {
		what += ", " + h.Why
	}
	return fmt.Sprintf("%s (%s)", h.Link, what)
}

// list names links, the first eight of them.
func list(links []Held) string {
	const most = 8
	texts := make([]string, 0, most)
	for _, h := range links[:min(len(links), most)] {
		texts = append(texts, h.String())
	}
	if more := len(links) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(texts, ", "), more)
	}
	return strings.Join(texts, ", ")
}

// idle says that nothing is left for a machine.
func (n *network) idle(machine int) *Refused {
	return &Refused{Problems: []Problem{{
		Text:   fmt.Sprintf("pins leave no node for %s", n.options.Machines[machine].Name),
		Remedy: "leave it out of the machines, or pin less"}}}
}

// joins says what holds the nodes of two pins together: the shortest chain of links that are not cut.
func (n *network) joins(floor time.Duration, a, b *Pin) Problem {
	names := func(p *Pin) string {
		text := fmt.Sprintf("%s, which is to be on %s", n.graph.Topology.Vertices[p.Node].Name,
			n.options.Machines[p.Machine].Name)
		if p.Why != "" {
			text += " (" + p.Why + ")"
		}
		return text
	}
	return Problem{
		Text:   fmt.Sprintf("%s, and %s, are held together by links that cannot be cut", names(a), names(b)),
		Links:  n.held(n.chain(floor, int(a.Node), func(item int) bool { return item == int(b.Node) })),
		Remedy: n.remedy(floor),
	}
}

// remedy is how links that hold two pinned nodes together come to be cut.
func (n *network) remedy(floor time.Duration) string {
	if n.segments != nil {
		return "keep both nodes on one machine, have an exchange between their segments, or write neighbours: static"
	}
	return fmt.Sprintf("give one of them a delay of %v or more in both directions, or keep both nodes on one machine",
		floor)
}

// chain is a shortest path of bonds that are contracted, from an item to the first one that is found.
func (n *network) chain(floor time.Duration, from int, found func(item int) bool) []*bond {
	near := make([][]int32, 2*len(n.graph.Topology.Vertices))
	for i := range n.bonds {
		if b := &n.bonds[i]; b.held || b.least < floor {
			near[b.from] = append(near[b.from], int32(i))
			near[b.to] = append(near[b.to], int32(i))
		}
	}
	by := map[int]int32{from: -1} // the bond over which an item was reached
	for todo := []int{from}; len(todo) > 0; todo = todo[1:] {
		at := todo[0]
		if found(at) {
			return n.walk(by, at)
		}
		for _, i := range near[at] {
			next := n.bonds[i].other(at)
			if _, seen := by[next]; !seen {
				by[next] = i
				todo = append(todo, next)
			}
		}
	}
	return nil
}

// walk lists the bonds by which an item was reached, from the first on.
func (n *network) walk(by map[int]int32, at int) []*bond {
	var path []*bond
	for i := by[at]; i >= 0; i = by[at] {
		path = append(path, &n.bonds[i])
		at = n.bonds[i].other(at)
	}
	slices.Reverse(path)
	return path
}

// other is the bond's other item.
func (b *bond) other(item int) int {
	if b.from == item {
		return b.to
	}
	return b.from
}

// held are the links of bonds, each once, in their order. Bonds that only say where a queue's tail is are none.
func (n *network) held(path []*bond) []Held {
	t := n.graph.Topology
	var links []Held
	add := func(h Held) {
		at := slices.IndexFunc(links, func(l Held) bool { return l.Link == h.Link && l.Why == h.Why })
		if at < 0 {
			links = append(links, h)
		} else {
			links[at].Delay = min(links[at].Delay, h.Delay)
		}
	}
	for _, b := range path {
		switch {
		case b.queue == nil:
			name := t.Vertices[b.from].Name + "-" + t.Vertices[b.to].Name
			add(Held{Link: name, Delay: b.least, Segment: n.segment(b.from, b.to), Why: b.why})
		case t.Vertices[b.queue.Link].LinkType == topology.Shared:
			add(Held{Link: t.Vertices[b.queue.Link].Name, Shared: true, Why: b.why})
		case n.segments != nil && n.segments[b.queue.Link]:
			add(Held{Link: t.Vertices[b.queue.Link].Name, Delay: b.least, Segment: true, Why: b.why})
		case !b.held:
			add(Held{Link: t.Vertices[b.queue.Link].Name, Delay: b.least, Why: b.why})
		}
	}
	return links
}
