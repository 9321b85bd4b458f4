package topology

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"testbed/emulator/units"
)

// products are the largest bandwidth-delay products of the paths across each queue, by link and direction.
type products struct {
	topology *Topology
	trees    map[ID]*Tree
	largest  [][2]units.ByteSize
	hops     [2][]Hop // memory
}

// largestProducts finds them without looking at every pair of hosts: of all that are attached at one vertex by links
// of their own of the same rates, the one farthest from it has the largest product with any third one, for the
// product grows with the round-trip time, and nothing else tells their paths apart.
// O(G² · path length + G · hosts) for G groups of such.
func (t *Topology) largestProducts() [][2]units.ByteSize {
	split := t.segments()
	p := &products{topology: t, trees: t.trees(split), largest: make([][2]units.ByteSize, len(t.Vertices))}
	if len(split.odd) > 0 { // it is not known of which segments a path consists
		ends := t.Attached()
		for i, a := range ends {
			for _, b := range ends[:i] {
				p.between(access{id: a}, access{id: b}, nil, nil)
			}
		}
		return p.largest
	}
	into, from := split.ends(split.into), split.ends(split.from)
	for i, s := range split.all {
		p.within(s, into[i], from[i])
	}
	return p.largest
}

// ends lists for each segment the ends of which a map has its number, rising.
func (s *segments) ends(of map[ID][]int32) [][]ID {
	all := make([][]ID, len(s.all))
	for _, end := range slices.Sorted(maps.Keys(of)) {
		for _, number := range of[end] {
			all[number] = append(all[number], end)
		}
	}
	return all
}

// within takes account of the paths in one segment, to which edges lead from and to some ends.
func (p *products) within(s *segment, into, from []ID) {
	var both []ID
	for _, a := range into {
		if _, there := slices.BinarySearch(from, a); there {
			both = append(both, a)
		}
	}
	groups := p.topology.accesses(s, both)
	for i, a := range groups {
		if len(a) > 1 {
			p.between(a[0], a[1], nil, a[2:])
		}
		for _, b := range groups[:i] {
			p.between(a[0], b[0], a[1:], b[1:])
		}
	}
	// The way back of these is another segment's, if there is one.
	p.oneWay(into, from, both)
}

// oneWay takes account of the paths from ends in into to ends in from of which not both are in both.
func (p *products) oneWay(into, from, both []ID) {
	if len(both) == len(into) && len(both) == len(from) {
		return
	}
	for _, a := range into {
		_, first := slices.BinarySearch(both, a)
		for _, b := range from {
			if _, second := slices.BinarySearch(both, b); a != b && !(first && second) {
				p.between(access{id: a}, access{id: b}, nil, nil)
			}
		}
	}
}

// access is how one end, a host or the cloud, is attached.
type access struct {
	id       ID
	up, down []Channel // of links that only its packets cross, from it and to it
	// roundTrip is the delay of these links, and of the edges up to the first vertex beyond them, both ways together.
	roundTrip time.Duration
}

// accesses are those of some ends to a segment in groups: those of one group are attached at one vertex, by bottlenecks
// of the same rates. The farthest of a group comes first.
func (t *Topology) accesses(s *segment, ends []ID) [][]access {
	type key struct {
		at       ID
		up, down units.BitRate
	}
	index, groups := map[key]int{}, [][]access(nil)
	for _, id := range ends {
		a, at := t.access(s, id)
		k := key{at, t.slowest(a.up), t.slowest(a.down)}
		i, known := index[k]
		if !known {
			i = len(groups)
			index[k], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], a)
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(x, y access) int { return cmp.Compare(y.roundTrip, x.roundTrip) })
	}
	return groups
}

// access follows the links of an end's own to the vertex, by its index, at which it is attached.
func (t *Topology) access(s *segment, id ID) (a access, at ID) {
	end := s.index(id)
	a.id, at = id, end
	for s.isPendant(at) && (at == end || s.children[at] == 1) {
		from := at
		at = s.parent[from]
		a.roundTrip += s.up[from] + s.down[from]
		link := s.vertex(at)
		if !s.isPendant(at) || s.children[at] > 1 || t.Vertices[link].Kind != Link {
			continue
		}
		forth, back := t.Direction(link, s.vertex(from)), t.Direction(link, s.vertex(s.parent[at]))
		a.up, a.down = append(a.up, Channel{link, forth}), append(a.down, Channel{link, back})
		a.roundTrip += t.Vertices[link].Shape[forth].Delay + t.Vertices[link].Shape[back].Delay
	}
	return a, at
}

// slowest is the smallest rate of the channels; 0 where none is limited.
func (t *Topology) slowest(channels []Channel) units.BitRate {
	var least units.BitRate
	for _, c := range channels {
		if r := t.Vertices[c.Link].Shape[c.Dir].Rate; r > 0 && (least == 0 || r < least) {
			least = r
		}
	}
	return least
}

// between takes account of the paths between x and y, and of those of the others of their groups, which are as near or
// nearer: these matter to the links of their own alone.
func (p *products) between(x, y access, xs, ys []access) {
	forth, there := p.trees[y.id].Hops(p.hops[0][:0], x.id)
	back, again := p.trees[x.id].Hops(p.hops[1][:0], y.id)
	p.hops = [2][]Hop{forth, back}
	roundTrip := there + again + hostTime
	up, down := p.topology.Bottleneck(forth), p.topology.Bottleneck(back)
	p.cross(forth, up.Product(roundTrip))
	p.cross(back, down.Product(roundTrip))
	if oneWay := (len(forth) == 0) != (len(back) == 0); oneWay {
		// The time of one way alone counts, and others of the groups may be farther that way.
		if len(xs)+len(ys) > 0 {
			p.each(x, y, xs, ys)
		}
		return
	}
	for _, other := range xs {
		own := roundTrip - x.roundTrip + other.roundTrip
		p.raise(other.up, up.Product(own))
		p.raise(other.down, down.Product(own))
	}
	for _, other := range ys {
		own := roundTrip - y.roundTrip + other.roundTrip
		p.raise(other.up, down.Product(own))
		p.raise(other.down, up.Product(own))
	}
}

// each looks at the pairs of two groups one by one.
func (p *products) each(x, y access, xs, ys []access) {
	for _, a := range append([]access{x}, xs...) {
		for _, b := range append([]access{y}, ys...) {
			p.between(a, b, nil, nil)
		}
	}
}

func (p *products) cross(hops []Hop, product units.ByteSize) {
	for i := range hops {
		largest := &p.largest[hops[i].Link][hops[i].Dir]
		*largest = max(*largest, product)
	}
}

func (p *products) raise(channels []Channel, product units.ByteSize) {
	for _, c := range channels {
		p.largest[c.Link][c.Dir] = max(p.largest[c.Link][c.Dir], product)
	}
}
