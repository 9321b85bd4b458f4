package topology

import (
	"fmt"
	"time"

	"testbed/emulator/topology/linktrace"
)

// JitterError is a link of which a queue's jitter is larger than its delay: a packet would have to arrive before
// it was sent, and as none does, the mean delay would not be the one that is written.
type JitterError struct {
	Link          string
	Jitter, Delay time.Duration // the delay with that of the edges around
}

func (e *JitterError) Error() string {
	return fmt.Sprintf("the jitter of %v is larger than the delay of %v; set at most the delay, or a longer delay with it",
		e.Jitter, e.Delay)
}

// CheckJitter holds the jitter of links, which may be nil for all, against their delays, to which those of the
// edges around add. It reports one error a link. Where the delays differ by the way through a medium, the least counts.
func (t *Topology) CheckJitter(links []ID) []*JitterError {
	if links == nil {
		links = t.Links()
	}
	var errs []*JitterError
	var incoming [][]Edge
	for _, id := range links {
		v := &t.Vertices[id]
		shape := t.shortest(v.Shape)
		if CheckJitter(shape, v.LinkType, 0) == nil {
			continue
		}
		if incoming == nil {
			incoming = t.entering()
		}
		if err := CheckJitter(shape, v.LinkType, t.around(id, incoming[id])); err != nil {
			err.Link = v.Name
			errs = append(errs, err)
		}
	}
	return errs
}

// shortest is a link's shape with its least delays, where it has a jitter of its own around those of a trace.
func (t *Topology) shortest(shape [2]Shape) [2]Shape {
	for d := range shape {
		if trace := t.Trace(&shape[d]); trace != nil && trace.Columns&(linktrace.Delay|linktrace.Jitter) == linktrace.Delay {
			shape[d].Delay = time.Duration(trace.LeastDelay())
		}
	}
	return shape
}

// CheckJitter holds the jitter of a link's queues against their delays, to which that of the edges around it adds:
// the rule of scenarios, of events and of what is changed by hand. It is nil for what can be.
func CheckJitter(shape [2]Shape, of LinkType, around time.Duration) *JitterError {
	queues := 1
	if of == Duplex {
		queues = 2
	}
	for _, s := range shape[:queues] {
		if s.Jitter > s.Delay+around {
			return &JitterError{Jitter: s.Jitter, Delay: s.Delay + around}
		}
	}
	return nil
}

// entering lists the edges that enter each vertex, by where they come from.
func (t *Topology) entering() [][]Edge {
	entering := make([][]Edge, len(t.Vertices))
	for v, edges := range t.Adjacency {
		for _, e := range edges {
			entering[e.To] = append(entering[e.To], Edge{To: ID(v), Delay: e.Delay})
		}
	}
	return entering
}

// around is the least delay of the edges by which packets enter and leave a link. Nothing goes from one one-way
// link to another through a medium: these are its way in and out, with stations on the other side.
func (t *Topology) around(link ID, incoming []Edge) time.Duration {
	oneWay := func(id ID) bool {
		v := &t.Vertices[id]
		return v.Kind == Link && (v.LinkType == Uplink || v.LinkType == Downlink)
	}
	least := time.Duration(-1)
	for _, in := range incoming {
		for _, out := range t.Adjacency[link] {
			if in.To == out.To || oneWay(in.To) && oneWay(out.To) {
				continue
			}
			if d := in.Delay + out.Delay; least < 0 || d < least {
				least = d
			}
		}
	}
	return max(least, 0)
}
