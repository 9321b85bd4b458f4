package topology

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// centralProbe is the number of bytes whose transfer time decides which host is central.
const centralProbe = 1000

// ErrNoHosts is returned where an operation needs at least one host.
var ErrNoHosts = errors.New("the topology has no hosts")

// Central is the host on which the edge network's state repository stands: the one with the smallest
// worst-case, over all hosts, of the larger of both directions' store-and-forward times of 1000 bytes.
// The first in the order of names wins a tie. Times are sums, in float64, of float32 quotients, as the
// published simulator computes them. It fails where there is no host, or a host cannot reach another.
// It computes all shortest paths: O(hosts · (E log V + hosts · path length)).
func (t *Topology) Central() (ID, error) {
	hosts := t.ByName(t.Hosts())
	if len(hosts) == 0 {
		return 0, ErrNoHosts
	}
	worst, trees := make([]float64, len(hosts)), t.Trees()
	for d, dest := range hosts {
		tree := trees[dest]
		for s, source := range hosts {
			if s == d {
				continue
			}
			seconds, ok := tree.storeAndForward(source, centralProbe)
			if !ok {
				return 0, fmt.Errorf("central node: there is no path from %s to %s", t.Vertices[source].Name, t.Vertices[dest].Name)
			}
			worst[s] = max(worst[s], seconds)
			worst[d] = max(worst[d], seconds)
		}
	}
	best, least := 0, math.Inf(1)
	for i, w := range worst {
		if w < least {
			best, least = i, w
		}
	}
	return hosts[best], nil
}

// ByName returns the vertices sorted by name as strings (server_10 comes before server_2).
func (t *Topology) ByName(ids []ID) []ID {
	sorted := slices.Clone(ids)
	slices.SortFunc(sorted, func(a, b ID) int { return strings.Compare(t.Vertices[a].Name, t.Vertices[b].Name) })
	return sorted
}

// storeAndForward is the time, in seconds, of size bytes from source to the tree's destination where
// every link passes a message on only when it has all of it, without propagation.
func (p *Tree) storeAndForward(source ID, size int64) (seconds float64, ok bool) {
	if source == p.dest {
		return 0, true
	}
	w, at := p.pathsFrom(source)
	if w == nil {
		return 0, false
	}
	for v := source; at != w.end(); {
		at, _ = w.nextHop(at)
		next := w.vertex(at)
		if link := &p.topology.Vertices[next]; link.Kind == Link {
			if rate := link.Shape[p.topology.Direction(next, v)].Rate; rate > 0 {
				seconds += float64(float32(8*size) / float32(rate))
			}
		}
		v = next
	}
	return seconds, true
}
