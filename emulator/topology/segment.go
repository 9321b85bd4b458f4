package topology

import (
	"slices"
	"time"
)

// segment is a part of the graph that is connected by what forwards, together with the ends, hosts and the cloud,
// that are attached to it. As ends do not forward, every path but that of one edge lies in one segment. Its vertices
// are known by their indices in it; an end may be in several.
type segment struct {
	vertices []ID     // rising; nil: all of the graph
	edges    [][]Edge // by index, to indices
	pendants
}

// none stands for no vertex.
const none ID = -1

// index is that of a vertex in the segment; none where it is not there.
func (s *segment) index(v ID) ID {
	if s.vertices == nil {
		return v
	}
	if i, there := slices.BinarySearch(s.vertices, v); there {
		return ID(i)
	}
	return none
}

// vertex is the one with an index.
func (s *segment) vertex(index ID) ID {
	if s.vertices == nil {
		return index
	}
	return s.vertices[index]
}

// wholeGraph is all of the graph as one segment, in which nothing is taken to hang.
func (t *Topology) wholeGraph() *segment { return &segment{edges: t.Adjacency} }

// segments are the graph's, with what hangs in them, and which of them a packet may take.
type segments struct {
	all  []*segment
	of   []int32         // by vertex that forwards
	into map[ID][]int32  // by end: those that an edge from it leads into, rising
	from map[ID][]int32  // by end: those that an edge leads from to it, rising
	odd  map[ID]struct{} // ends to which there is more than one segment from some other end, or an edge
}

// segments splits the graph.
func (t *Topology) segments() *segments {
	s := &segments{
		of: make([]int32, len(t.Vertices)), into: map[ID][]int32{}, from: map[ID][]int32{}, odd: map[ID]struct{}{},
	}
	t.labelComponents(s)
	members := make([][]ID, len(s.all))
	for v, number := range s.of {
		if number >= 0 {
			members[number] = append(members[number], ID(v))
		}
	}
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			from, to := ID(v), e.To
			switch end, other := t.Vertices[from].Kind.Attached(), t.Vertices[to].Kind.Attached(); {
			case end && other:
				s.odd[to] = struct{}{}
			case end:
				s.into[from] = append(s.into[from], s.of[to])
				members[s.of[to]] = append(members[s.of[to]], from)
			case other:
				s.from[to] = append(s.from[to], s.of[from])
				members[s.of[from]] = append(members[s.of[from]], to)
			}
		}
	}
	for _, byEnd := range []map[ID][]int32{s.into, s.from} {
		for end, numbers := range byEnd {
			slices.Sort(numbers)
			byEnd[end] = slices.Compact(numbers)
		}
	}
	for number, vertices := range members {
		slices.Sort(vertices)
		s.all[number] = t.segment(slices.Compact(vertices))
	}
	s.findOdd()
	return s
}

// labelComponents gives each vertex that forwards the number of its segment, a connected component, and ends -1.
func (t *Topology) labelComponents(s *segments) {
	near := t.neighbours()
	for v := range s.of {
		s.of[v] = -1
	}
	for v := range s.of {
		if s.of[v] >= 0 || t.Vertices[v].Kind.Attached() {
			continue
		}
		number := int32(len(s.all))
		s.all, s.of[v] = append(s.all, nil), number
		for todo := []ID{ID(v)}; len(todo) > 0; {
			at := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for _, u := range near[at] {
				if s.of[u] < 0 && !t.Vertices[u].Kind.Attached() {
					s.of[u] = number
					todo = append(todo, u)
				}
			}
		}
	}
}

// neighbours lists, for each vertex, those with an edge to or from it.
func (t *Topology) neighbours() [][]ID {
	near := make([][]ID, len(t.Vertices))
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			near[v] = append(near[v], e.To)
			near[e.To] = append(near[e.To], ID(v))
		}
	}
	return near
}

// segment is that of some vertices, with the edges between them of which one end at least forwards.
func (t *Topology) segment(vertices []ID) *segment {
	s := &segment{vertices: vertices, edges: make([][]Edge, len(vertices))}
	for i, v := range vertices {
		for _, e := range t.Adjacency[v] {
			if t.Vertices[v].Kind.Attached() && t.Vertices[e.To].Kind.Attached() {
				continue
			}
			if to := s.index(e.To); to != none {
				s.edges[i] = append(s.edges[i], Edge{to, e.Delay})
			}
		}
	}
	s.pendants = findPendants(s.edges, func(i ID) bool { return !t.Vertices[vertices[i]].Kind.Attached() })
	return s
}

// findOdd finds the ends to which another one has a choice of segments.
func (s *segments) findOdd() {
	sources := make([][]ID, len(s.all)) // by segment: the ends that it leads from
	for end, numbers := range s.into {
		for _, n := range numbers {
			sources[n] = append(sources[n], end)
		}
	}
	leadsTo := make([]ID, len(s.all)) // the end looked at last
	for i := range leadsTo {
		leadsTo[i] = none
	}
	for end, numbers := range s.from {
		largest := numbers[0]
		for _, n := range numbers {
			leadsTo[n] = end
			if len(sources[n]) > len(sources[largest]) {
				largest = n
			}
		}
		for _, n := range numbers {
			if n == largest { // whoever has a choice comes from another one too
				continue
			}
			for _, source := range sources[n] {
				another := func(m int32) bool { return m != n && leadsTo[m] == end }
				if source != end && slices.ContainsFunc(s.into[source], another) {
					s.odd[end] = struct{}{}
				}
			}
		}
	}
}

// reverse lists the core's edges by the index, in the core, of where they lead to: their Tos are indices of where they
// come from, their Delays those of the edge and of the link that it leaves.
func (s *segment) reverse(t *Topology) [][]Edge {
	reversed := make([][]Edge, s.size(len(s.edges)))
	for i, edges := range s.edges {
		from, link := s.inner(ID(i)), time.Duration(0)
		if from == none {
			continue
		}
		if v := &t.Vertices[s.vertex(ID(i))]; v.Kind == Link {
			link = v.Shape[0].Delay
		}
		for _, e := range edges {
			if to := s.inner(e.To); to != none {
				reversed[to] = append(reversed[to], Edge{To: from, Delay: e.Delay + link})
			}
		}
	}
	return reversed
}
