package network

import (
	"fmt"
	"math"
	"slices"
	"time"

	"testbed/emulator/topology"
)

// Unmeasured says what becomes of hosts of measurements between which nothing was measured.
type Unmeasured string

// What becomes of them.
const (
	RefuseUnmeasured   Unmeasured = "refuse"
	EstimateUnmeasured Unmeasured = "estimate" // they have the least sum of round-trip times by way of others
)

// complete sees to it that each two hosts of measurements have a link of their own, for they do not forward.
func (r *resolver) complete() error {
	n := len(r.network.Nodes)
	pairs := n * (n - 1) / 2
	missing := pairs - len(r.network.Links)
	switch {
	case !r.graph.Measured || missing == 0:
		return nil
	case r.options.Unmeasured == EstimateUnmeasured && pairs <= MaxLinks:
		r.estimate(n)
		r.note("estimated: of %d of %d pairs of hosts the round-trip time, as the least sum of those by way of others",
			missing, pairs)
		return nil
	case r.options.Unmeasured == EstimateUnmeasured:
		return fmt.Errorf("%d hosts have %d pairs, and a scenario has %d links at most; name fewer hosts in only",
			n, pairs, MaxLinks)
	}
	with := make([]int, n)
	for i := range r.network.Links {
		for _, end := range r.network.Links[i].Ends {
			with[r.index[end]]++
		}
	}
	fewest := slices.Index(with, slices.Min(with))
	m := &r.network.Nodes[fewest]
	return Failf(m.Line, "%d of %d pairs of hosts have no round-trip time (%s has one with %d of %d others), and hosts "+
		"do not forward; name in only some of which each two have one, or estimate the rest by way of others, as with "+
		"unmeasured: estimate", missing, pairs, m.Name, with[fewest], n-1)
}

// way is the shortest between two hosts.
type way struct {
	delay    time.Duration
	via      int // a host on it, where it has more than one link
	measured bool
}

// estimate gives each two of n hosts that have no link one of the least delay by way of others (Floyd and Warshall's
// algorithm): by the triangle inequality it is the most that theirs can be.
func (r *resolver) estimate(n int) {
	ways := make([]way, n*n)
	for i := range ways {
		ways[i].delay = math.MaxInt64 / 2 // none
	}
	for i := range r.network.Links {
		l := &r.network.Links[i]
		a, b := r.index[l.Ends[0]], r.index[l.Ends[1]]
		ways[a*n+b] = way{delay: l.Shape[0].Delay, measured: true}
		ways[b*n+a] = ways[a*n+b]
	}
	for k := range n {
		for at := range ways {
			if sum := ways[at/n*n+k].delay + ways[k*n+at%n].delay; sum < ways[at].delay {
				ways[at].delay, ways[at].via = sum, k
			}
		}
	}
	for at, w := range ways {
		if a, b := &r.network.Nodes[at/n], &r.network.Nodes[at%n]; at/n < at%n && !w.measured {
			l := Link{Ends: []End{{Node: a.ID}, {Node: b.ID}}, Notes: []string{fmt.Sprintf(
				"delay: estimated, half of the round-trip time of %v by way of %s", 2*w.delay, r.network.Nodes[w.via].Name)}}
			l.Both(Shape{Shape: topology.Shape{Delay: w.delay}, HasDelay: true})
			r.link(&l)
		}
	}
}
