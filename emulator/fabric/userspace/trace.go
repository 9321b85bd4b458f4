package userspace

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
)

// follow lets the shape follow what a topology's one does. run is when traces that begin with a run did (ns of the
// engine's clock); 0: there is none, and all began with the clock.
func (s *shape) follow(t *topology.Topology, of *topology.Shape, run int64) {
	s.trace, s.start, s.delays = t.Trace(of), 0, t.Delays(of)
	if s.trace != nil && s.trace.WithRun {
		s.start = run
	}
}

// varies says whether something changes in the course of time beside when packets depart.
func (s *shape) varies() bool { return s.trace != nil && s.trace.Varies() }

// vary puts in force what the trace gives for an instant.
func (q *queue) vary(now int64) {
	k := q.trace.At(now - q.start)
	if q.trace.Columns&linktrace.Delay != 0 {
		q.delay = k.Delay
	}
	if q.trace.Columns&linktrace.Jitter != 0 {
		q.jitter = k.Jitter
	}
	if q.trace.Columns&linktrace.Loss != 0 {
		q.loss = k.Loss
	}
	if q.trace.Columns&linktrace.Queue != 0 {
		q.limit = k.Queue
	}
}

// serve sends a packet by the trace, and says when it departs.
func (q *queue) serve(p *packet) int64 {
	return q.start + q.serving.Send(p.firstArrival-q.start, p.wireBytes, int64(p.segments))
}

// retrace is reshape for a queue that follows another trace than before, or one that has begun anew, or none any more:
// what has not departed by now (ns) does so as if it had just come.
func (q *queue) retrace(now int64, events eventHeap) bool {
	q.serving = nil
	if q.trace != nil && q.trace.ServesPackets() {
		s := linktrace.NewServer(q.trace)
		q.serving = &s
	}
	waiting := q.waiting(now, events)
	// As they came: those that go elsewhere from the link are on the way for other times.
	slices.SortFunc(waiting, func(a, b *event) int { return cmp.Compare(a.seq, b.seq) })
	q.busyUntil, q.carry = min(q.busyUntil, now), 0
	floors, moved := map[int64]int64{}, make([]shift, 0, len(waiting))
	for _, e := range waiting {
		p := e.p
		switch {
		case q.serving != nil:
			q.busyUntil = q.start + q.serving.Send(now-q.start, p.wireBytes, int64(p.segments))
		case q.rate > 0:
			q.busyUntil = max(q.busyUntil, now) + int64(uint64(p.wireBytes)*bitNanos/q.rate)
		}
		by := max(q.busyUntil, now) - p.departure
		moved = append(moved, shift{p.number, by})
		p.departure += by
		behind := p.path.hops[p.hop-1].extraDelay
		e.due = max(e.due+by, now, floors[behind])
		floors[behind] = e.due
		p.firstArrival, p.finalArrival = max(p.firstArrival+by, now), max(p.finalArrival+by, now)
	}
	if len(moved) == 0 {
		return false
	}
	q.lastArrival += moved[len(moved)-1].by
	if q.taps != nil {
		q.showRetrace(now, moved)
	}
	return true
}

// shareTraces takes over the traces that the table before has as well, so that queues which follow them go on.
func (t *table) shareTraces(old *table) {
	if old == nil {
		return
	}
	known := map[[sha256.Size]byte]*linktrace.Trace{}
	for _, trace := range old.network.Topology.Traces {
		known[trace.Digest()] = trace
	}
	graph := *t.network.Topology
	graph.Traces = slices.Clone(graph.Traces)
	for i, trace := range graph.Traces {
		if same := known[trace.Digest()]; same != nil {
			graph.Traces[i] = same
		}
	}
	t.network.Topology = &graph
}

// tell adds to a queue's status what it follows, with the rates and so on that were wanted in place of those of the
// instant. now is the engine's clock (ns), and offset what CLOCK_MONOTONIC shows at 0 of it.
func (s *shape) tell(status *fabric.QueueStatus, now, offset int64) {
	if s.delays != nil {
		status.Delays = s.delays.Name
	}
	if s.trace == nil {
		return
	}
	wanted := (&queue{shape: *s}).status()
	status.Delay, status.Jitter, status.Loss, status.Limit = wanted.Delay, wanted.Jitter, wanted.Loss, wanted.Limit
	status.Trace, status.Began, status.Since = s.trace.Name, s.start+offset, time.Duration(now-s.start)
}
