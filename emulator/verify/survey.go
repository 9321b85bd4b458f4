package verify

import (
	"cmp"
	"fmt"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/orchestrator"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// survey is what is known of a network's queues: the pair of stations to measure each with, or why none can.
type survey struct {
	ip     int // the version of IP that rates are of
	graph  *topology.Topology
	queues map[topology.Channel]units.ByteSize
	down   map[topology.ID]string // what carries nothing, and why
	group  map[topology.ID]int    // of the partition; none: the group of all others
	split  bool

	best map[topology.Channel]pair
	shut map[topology.ID]string // link: why packets that would cross it do not

	faults map[string]bool // reasons that are not wanted of the network

	stations []orchestrator.Station
	ends     []orchestrator.Station
	trees    []*topology.Tree // to each of ends
}

type pair struct {
	from, to    orchestrator.Station
	forth, back []topology.Hop
	rtt         time.Duration
	tightest    units.BitRate
}

// notRunning is what is the matter with a station whose node is dead.
const notRunning = "not running"

// mostEnds is how many stations pairs are made of at first: all of them, or a spread.
const mostEnds = 128

// newSurvey finds for every queue the pair to measure it with.
func newSurvey(n fabric.Network, dead []string) *survey {
	s := &survey{graph: n.Topology, queues: n.Queues, down: map[topology.ID]string{},
		group: map[topology.ID]int{}, split: len(n.Partition) > 0,
		best: map[topology.Channel]pair{}, shut: map[topology.ID]string{}, faults: map[string]bool{}}
	for _, id := range n.Down {
		s.down[id] = "down"
	}
	for _, name := range dead {
		if id, ok := n.Topology.Lookup(name); ok && s.down[id] == "" {
			s.down[id] = notRunning
		}
	}
	for i, members := range n.Partition {
		for _, id := range members {
			s.group[id] = i + 1
		}
	}
	for _, st := range n.Stations {
		s.stations = append(s.stations, orchestrator.Station{ID: st.ID, Name: n.Topology.Vertices[st.ID].Name,
			Addr: st.Addr.Addr(), Addr6: fabric.Addr6(st.Addr).Addr()})
	}
	step := (len(s.stations) + mostEnds - 1) / mostEnds
	for i := 0; i < len(s.stations); i += step {
		s.ends = append(s.ends, s.stations[i])
		s.trees = append(s.trees, n.Topology.TreeTo(s.stations[i].ID))
	}
	for i := range s.ends {
		for j := range s.ends {
			if i != j {
				s.consider(s.ends[i], s.ends[j], s.trees[i], s.trees[j])
			}
		}
	}
	return s
}

// complete looks at the stations beyond those that pairs were made of, where a class has no link with a pair.
func (s *survey) complete(classes map[string][]topology.ID) {
	missing := map[topology.ID]bool{}
	for _, links := range classes {
		known := false
		for _, id := range links {
			known = known || s.crossed(id) || s.shut[id] != ""
		}
		for _, id := range links {
			missing[id] = !known
		}
	}
	if len(s.ends) == len(s.stations) {
		return
	}
	for _, from := range s.stations {
		var own *topology.Tree
		for j, to := range s.ends {
			if to.ID == from.ID || !s.leads(s.trees[j], from.ID, missing) {
				continue
			}
			if own == nil {
				own = s.graph.TreeTo(from.ID)
			}
			s.consider(from, to, own, s.trees[j])
			s.consider(to, from, s.trees[j], own)
		}
	}
}

// leads says whether the way from a station to a tree's root crosses one of the links.
func (s *survey) leads(tree *topology.Tree, from topology.ID, links map[topology.ID]bool) bool {
	hops, _ := tree.Hops(nil, from)
	for _, h := range hops {
		if links[h.Link] {
			return true
		}
	}
	return false
}

// consider takes a pair for the queues on its way forth, where it serves better than the one known.
func (s *survey) consider(from, to orchestrator.Station, toFrom, toTo *topology.Tree) {
	if !toTo.Reaches(from.ID) || !toFrom.Reaches(to.ID) {
		return
	}
	forth, there := toTo.Hops(nil, from.ID)
	back, again := toFrom.Hops(nil, to.ID)
	if why := s.blocked(from, to, toFrom, toTo); why != "" {
		for _, h := range forth {
			if s.shut[h.Link] == "" {
				s.shut[h.Link] = why
			}
		}
		return
	}
	p := pair{from, to, forth, back, there + again, s.graph.Bottleneck(forth)}
	for _, h := range forth {
		if old, ok := s.best[h.Channel]; !ok || p.better(old, s.graph.Vertices[h.Link].Shape[h.Dir].Rate) {
			s.best[h.Channel] = p
		}
	}
}

// blocked says why packets of the pair do not pass; empty: they do.
func (s *survey) blocked(from, to orchestrator.Station, toFrom, toTo *topology.Tree) string {
	if len(s.down) > 0 {
		way := toFrom.Vertices(toTo.Vertices(nil, from.ID), to.ID)
		for _, id := range way {
			if why := s.down[id]; why != "" {
				reason := fmt.Sprintf("cut off: %s is %s", s.graph.Vertices[id].Name, why)
				s.faults[reason] = why == notRunning
				return reason
			}
		}
	}
	if s.split && s.group[from.ID] != s.group[to.ID] {
		return "cut off by the partition"
	}
	return ""
}

// crossed says whether packets can be sent across a link.
func (s *survey) crossed(link topology.ID) bool {
	for dir := range 2 {
		if _, ok := s.best[topology.Channel{Link: link, Dir: dir}]; ok {
			return true
		}
	}
	return false
}

// reason is why a link carries nothing; empty: no packet would cross it anyway.
func (s *survey) reason(link topology.ID) string {
	if s.down[link] != "" {
		return "the link is down"
	}
	return s.shut[link]
}

// better prefers a pair whose tightest queue has the rate in question, then the nearer one.
func (p pair) better(o pair, rate units.BitRate) bool {
	if mine, theirs := p.tightest == rate, o.tightest == rate; mine != theirs {
		return mine
	}
	return cmp.Compare(p.rtt, o.rtt) < 0
}
