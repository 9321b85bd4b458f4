package transport

import (
	"math"
	"slices"

	"testbed/emulator/topology/linktrace"
)

// traced is the transmitter of a queue that follows a trace.
type traced struct {
	trace   *linktrace.Trace
	serving linktrace.Server
	began   int64                   // ps: when the trace did
	room    int64                   // bytes that may wait; 0: any number
	mean    int64                   // ns: the trace's mean delay, which is part of the hop's
	rate    func(frame int64) int64 // ps that a frame takes where the trace does not say it
	free    int64                   // of a queue whose trace does not say when packets depart
	held    int64                   // ps: when the last packet is at the far end, but for what is the same for all
}

// newTraced is that of a hop; nil where it follows none. run is when the model's chains began.
func newTraced(h *hop, run int64) *traced {
	if h.trace == nil {
		return nil
	}
	t := &traced{trace: h.trace, room: h.room, mean: h.trace.Mean().Delay}
	t.rate = func(frame int64) int64 { return frameTime(frame, h.rate) }
	t.begin(run)
	return t
}

// begin lets a trace begin with the chains of another model, if it does so with a run; nothing is held behind what was
// sent before.
func (t *traced) begin(run int64) {
	if t.trace.WithRun {
		t.began = run
	}
	if t.trace.ServesPackets() {
		t.serving = linktrace.NewServer(t.trace)
	}
	t.held = math.MinInt64
}

// begin lets traces begin with the chains of another model. All that is on the network then are the last ACKs of the
// model before, which count as there: what is sent next does not wait behind them, at a delay that is over.
func (n *network) begin(now int64) {
	n.began = now
	follows := false
	for i := range n.queues {
		if t := n.queues[i].trace; t != nil {
			follows = true
			t.begin(now)
		}
	}
	if !follows {
		return
	}
	for key, lane := range n.laneNumbers {
		r := &n.lanes[lane]
		for i := r.head; i != r.tail && key.queue >= 0 && n.queues[key.queue].trace != nil; i++ {
			p := &r.slots[i&uint64(len(r.slots)-1)]
			p.at = min(p.at, now)
		}
	}
	heads := slices.Clone(n.heads)
	n.heads = n.heads[:0]
	for _, h := range heads {
		n.heads.add(head{n.lanes[h.lane].first().at, h.lane})
	}
}

// enqueue takes a packet at now, and says when it is at the far end, less the hop's own delay; there is no room for it
// where that is more than may wait.
func (t *traced) enqueue(p *parcel, now int64) (at int64, room bool) {
	frame := p.flow.route.frames[p.class]
	if p.class == short {
		frame = p.flow.lastFrame
	}
	instant := ceilDiv(now-t.began, 1000)
	var k linktrace.Knot
	if t.trace.Varies() {
		k = t.trace.At(instant)
	}
	limit := t.room
	if t.trace.Columns&linktrace.Queue != 0 {
		limit = k.Queue
	}
	if at, room = t.depart(frame, limit, instant, now); !room {
		return 0, false
	}
	if t.trace.Columns&linktrace.Delay != 0 {
		at += (k.Delay - t.mean) * 1000
		at = max(at, t.held) // order is kept
		t.held = at
	}
	return at, true
}

// depart is when the frame departs from the queue, at now, which is the instant by the trace's clock.
func (t *traced) depart(frame, limit, instant, now int64) (at int64, room bool) {
	if !t.trace.ServesPackets() {
		start := max(now, t.free)
		if limit > 0 && start > now && start-now+t.rate(frame) > t.rate(limit) {
			return 0, false
		}
		t.free = start + t.rate(frame)
		return t.free, true
	}
	if waits := t.serving.Backlog(instant); limit > 0 && waits > 0 && waits+frame > limit {
		return 0, false
	}
	return t.began + t.serving.Send(instant, frame, 1)*1000, true
}

// ceilDiv is a/b rounded up; b is positive.
func ceilDiv(a, b int64) int64 {
	q := a / b
	if a%b > 0 {
		q++
	}
	return q
}
