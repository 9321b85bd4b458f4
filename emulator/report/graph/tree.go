package graph

import (
	"cmp"
	"slices"
)

// tree is a spanning tree of the network, which the layout follows: the core at the left, hosts at the right.
type tree struct {
	*Network
	near     [][]int // near[v]: the lines at v
	parent   []int   // the line towards the root; -1: none
	children [][]int // the nodes below, in order
	roots    []int
	inTree   []bool   // by line
	bundles  []bundle // lines that are drawn as one
}

// bundle is many like lines from one node to hosts: the cloud's to every host.
type bundle struct {
	node  int
	lines []int
}

// manyLines is from how many like lines on they are drawn as one.
const manyLines = 6

func spanningTree(n *Network) *tree {
	t := &tree{Network: n, near: make([][]int, len(n.Nodes)), parent: make([]int, len(n.Nodes)),
		children: make([][]int, len(n.Nodes)), inTree: make([]bool, len(n.Lines))}
	bundled := t.bundle()
	for i, l := range n.Lines {
		if !bundled[i] {
			t.near[l.From] = append(t.near[l.From], i)
			t.near[l.To] = append(t.near[l.To], i)
		}
	}
	placed := make([]bool, len(n.Nodes))
	for _, part := range t.parts() {
		t.span(t.centre(part), placed)
	}
	return t
}

// bundle finds the lines from the cloud to hosts that have another line each.
func (t *tree) bundle() []bool {
	bundled := make([]bool, len(t.Lines))
	degree := make([]int, len(t.Nodes))
	for _, l := range t.Lines {
		degree[l.From]++
		degree[l.To]++
	}
	for v := range t.Nodes {
		if t.Nodes[v].Kind != "cloud" {
			continue
		}
		b := bundle{node: v}
		for i, l := range t.Lines {
			if other := l.other(v); other >= 0 && t.Nodes[other].Kind == "host" && degree[other] > 1 {
				b.lines = append(b.lines, i)
			}
		}
		if len(b.lines) >= manyLines {
			t.bundles = append(t.bundles, b)
			for _, i := range b.lines {
				bundled[i] = true
			}
		}
	}
	return bundled
}

// other is the end of a line that is not v; -1 where v is no end.
func (l *Line) other(v int) int {
	switch v {
	case l.From:
		return l.To
	case l.To:
		return l.From
	}
	return -1
}

// parts are the sets of nodes that are joined, in the order of their first nodes.
func (t *tree) parts() [][]int {
	seen := make([]bool, len(t.Nodes))
	var parts [][]int
	for v := range t.Nodes {
		if seen[v] {
			continue
		}
		seen[v] = true
		part := []int{v}
		for i := 0; i < len(part); i++ {
			for _, line := range t.near[part[i]] {
				if o := t.Lines[line].other(part[i]); !seen[o] {
					seen[o] = true
					part = append(part, o)
				}
			}
		}
		parts = append(parts, part)
	}
	slices.SortStableFunc(parts, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	return parts
}

// rank prefers exchanges, then switches, as roots.
var rank = map[string]int{"exchange": 0, "switch": 1, "medium": 2, "link": 3, "cloud": 4, "host": 5}

// mostDistances bounds the steps of finding a centre.
const mostDistances = 200_000_000

// centre is the node of a part that is to be its root: of the most central kind, the one with the
// smallest sum of distances to the others. In a part of many thousands not all of that kind are tried.
func (t *tree) centre(part []int) int {
	best, least, kind := part[0], -1, len(rank)
	for _, v := range part {
		kind = min(kind, rank[t.Nodes[v].Kind])
	}
	tries := max(1, mostDistances/(len(part)+len(t.Lines)))
	for _, v := range part {
		if rank[t.Nodes[v].Kind] != kind {
			continue
		}
		if tries--; tries < 0 {
			break
		}
		if sum := t.distances(v); least < 0 || sum < least {
			best, least = v, sum
		}
	}
	return best
}

func (t *tree) distances(from int) int {
	far := make([]int, len(t.Nodes)) // plus one; 0: not reached
	far[from] = 1
	sum := 0
	queue := []int{from}
	for i := 0; i < len(queue); i++ {
		v := queue[i]
		sum += far[v] - 1
		for _, line := range t.near[v] {
			if o := t.Lines[line].other(v); far[o] == 0 {
				far[o] = far[v] + 1
				queue = append(queue, o)
			}
		}
	}
	return sum
}

// span grows the tree from a root, breadth first.
func (t *tree) span(root int, placed []bool) {
	t.roots = append(t.roots, root)
	t.parent[root], placed[root] = -1, true
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		v := queue[0]
		for _, line := range t.near[v] {
			o := t.Lines[line].other(v)
			if placed[o] {
				continue
			}
			placed[o], t.parent[o], t.inTree[line] = true, line, true
			t.children[v] = append(t.children[v], o)
			queue = append(queue, o)
		}
	}
}

// leaf says whether a node is a host with nothing behind it: such are drawn side by side, in blocks.
func (t *tree) leaf(v int) bool {
	return t.Nodes[v].Kind == "host" && len(t.children[v]) == 0 && t.parent[v] >= 0
}
