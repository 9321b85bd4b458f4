package userspace

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// bitNanos turns bytes into bits times nanoseconds a second.
const bitNanos = 8 * 1_000_000_000

// shape is what a queue does to packets.
type shape struct {
	rate   uint64 // bit/s; 0: not limited
	delay  int64  // ns
	jitter int64  // ns
	loss   float64
	limit  int64 // bytes

	reorder, duplicate, corrupt float64
}

func shapeOf(s topology.Shape, limit units.ByteSize) shape {
	return shape{
		rate: uint64(s.Rate), delay: int64(s.Delay), jitter: int64(s.Jitter), loss: s.Loss, limit: int64(limit),
		reorder: s.Reorder, duplicate: s.Duplicate, corrupt: s.Corrupt,
	}
}

// storeIn is the inverse of shapeOf; the limit is left out.
func (s *shape) storeIn(to *topology.Shape) {
	to.Rate, to.Delay, to.Jitter, to.Loss = units.BitRate(s.rate), time.Duration(s.delay), time.Duration(s.jitter), s.loss
	to.Reorder, to.Duplicate, to.Corrupt = s.reorder, s.duplicate, s.corrupt
}

// impairs says whether packets that join meet chance.
func (s *shape) impairs() bool { return s.loss > 0 || s.duplicate > 0 || s.corrupt > 0 }

// splitsBursts says whether each packet matters, so that bursts must be taken apart.
func (s *shape) splitsBursts() bool {
	return s.impairs() || s.jitter > 0 || s.reorder > 0 || s.rate > 0 && s.rate < uint64(burstRate)
}

// queue is a FIFO of the model: packets leave it one after the other at its rate.
type queue struct {
	shape
	busyUntil    int64  // when all that has joined will have left
	carry   uint64 // fraction of a nanosecond after free, in 1/rate
	lastArrival int64  // when the latest packet reaches the far end
	random  *rand.Rand
	impairing  bool // shape.drawn

	packets, bytes, dropped, lost uint64
}

func newQueue(seed, index uint64) *queue {
	return &queue{random: rand.New(rand.NewPCG(seed, index))}
}

// draw draws an event of the given probability.
func (q *queue) draw(probability float64) bool {
	return probability > 0 && q.random.Float64() < probability
}

// backlog is how many bytes have still to leave at the instant now, rounded up.
func (q *queue) backlog(now int64) int64 {
	if q.busyUntil <= now || q.rate == 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(q.busyUntil-now), q.rate)
	if high >= bitNanos {
		return 1 << 62
	}
	bytes, rest := bits.Div64(high, low, bitNanos)
	if rest > 0 {
		bytes++
	}
	return int64(min(bytes, 1<<62))
}

// admit says how many of the packet's segments find room. An idle queue takes one of any size.
func (q *queue) admit(p *packet) int {
	if q.rate == 0 {
		return int(p.segments)
	}
	waiting := q.backlog(p.firstArrival)
	room := q.limit - waiting
	if p.wireBytes <= room {
		return int(p.segments)
	}
	n := int(max(room, 0) / p.segmentBytes)
	if waiting == 0 {
		n = max(n, 1)
	}
	return min(n, int(p.segments))
}

// transmit moves the packet through the queue: on return p.first and p.final are when its first and last
// segments come out at the far end. Segments follow each other through as a real link lets them, so a
// burst waits for its own first segment only; others wait for all of it.
func (q *queue) transmit(p *packet) {
	start := max(p.firstArrival, q.busyUntil)
	head, leaves := start, start
	if q.rate > 0 {
		if q.busyUntil < p.firstArrival {
			q.carry = 0
		}
		head = start + int64((uint64(p.segmentBytes)*bitNanos+q.carry)/q.rate)
		work := uint64(p.wireBytes)*bitNanos + q.carry
		leaves = start + int64(work/q.rate)
		q.carry = work % q.rate
	}
	q.busyUntil = leaves
	tail := leaves
	if p.segments > 1 && q.rate > 0 {
		tail = max(tail, p.finalArrival+int64(uint64(p.finalBytes)*bitNanos/q.rate))
	} else if p.segments > 1 {
		tail = max(tail, p.finalArrival)
	} else {
		head = leaves
	}
	p.lastQueue, p.departure = q, leaves
	q.packets += uint64(p.segments)
	q.bytes += uint64(p.wireBytes)
	if q.reorder > 0 && q.draw(q.reorder) { // it overtakes those that the delay holds
		p.firstArrival, p.finalArrival = head, tail
		return
	}
	delay := q.delay
	if q.jitter > 0 {
		delay = max(0, delay-q.jitter+q.random.Int64N(2*q.jitter+1))
	}
	// A later packet never comes out earlier, whatever its jitter.
	held := max(0, q.lastArrival-(head+delay))
	q.lastArrival = max(q.lastArrival, leaves+delay)
	p.firstArrival, p.finalArrival = head+delay+held, tail+delay+held
}

// reshape puts s in force at the instant now. What still waits leaves at the new rate; what has left is
// not touched. It reports whether times in events changed, so that the heap needs a repair.
func (q *queue) reshape(s shape, now int64, events eventHeap) bool {
	old := q.shape
	q.shape, q.impairing = s, s.impairs()
	if old.rate == s.rate || q.busyUntil <= now || old.rate == 0 {
		return false
	}
	rescale := func(t int64) int64 {
		if t <= now || s.rate == 0 {
			return min(t, now)
		}
		return now + int64(float64(t-now)*float64(old.rate)/float64(s.rate))
	}
	moved := false
	move := func(e *event, floor int64) int64 {
		departure := rescale(e.p.departure)
		shift := departure - e.p.departure
		e.p.departure = departure
		e.due = max(e.due+shift, floor)
		e.p.firstArrival, e.p.finalArrival = max(e.p.firstArrival+shift, now), max(e.p.finalArrival+shift, now)
		moved = true
		return e.due
	}
	if old.jitter == 0 {
		for i := range events {
			if e := &events[i]; e.p.lastQueue == q && e.p.departure > now {
				move(e, now)
			}
		}
	} else {
		// Moved by different times, some could overtake others.
		floor := now
		for _, e := range q.waiting(now, events) {
			floor = move(e, floor)
		}
	}
	busyUntil := rescale(q.busyUntil)
	q.lastArrival += busyUntil - q.busyUntil
	q.busyUntil, q.carry = busyUntil, 0
	return moved
}

// waiting finds the events of packets that have not left the queue at the instant now, in order.
func (q *queue) waiting(now int64, events eventHeap) []*event {
	var all []*event
	for i := range events {
		if e := &events[i]; e.p.lastQueue == q && e.p.departure > now {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *event) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return all
}

// status is the queue's part of what Inspect tells.
func (q *queue) status() fabric.QueueStatus {
	return fabric.QueueStatus{
		Rate: units.BitRate(q.rate), Delay: time.Duration(q.delay), Jitter: time.Duration(q.jitter), Loss: q.loss,
		Reorder: q.reorder, Duplicate: q.duplicate, Corrupt: q.corrupt,
		Limit: units.ByteSize(q.limit), Packets: q.packets, Bytes: q.bytes, Dropped: q.dropped, Lost: q.lost,
	}
}
