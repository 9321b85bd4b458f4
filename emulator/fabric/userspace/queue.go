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

// declare is the inverse of shapeOf; the limit is left out.
func (s *shape) declare(to *topology.Shape) {
	to.Rate, to.Delay, to.Jitter, to.Loss = units.BitRate(s.rate), time.Duration(s.delay), time.Duration(s.jitter), s.loss
	to.Reorder, to.Duplicate, to.Corrupt = s.reorder, s.duplicate, s.corrupt
}

// drawn says whether packets that join meet chance.
func (s *shape) drawn() bool { return s.loss > 0 || s.duplicate > 0 || s.corrupt > 0 }

// single says whether each packet matters, so that bursts must be taken apart.
func (s *shape) single() bool {
	return s.drawn() || s.jitter > 0 || s.reorder > 0 || s.rate > 0 && s.rate < uint64(burstRate)
}

// queue is a FIFO of the model: packets leave it one after the other at its rate.
type queue struct {
	shape
	free    int64  // when all that has joined will have left
	carry   uint64 // fraction of a nanosecond after free, in 1/rate
	lastOut int64  // when the latest packet reaches the far end
	random  *rand.Rand
	chance  bool // shape.drawn

	packets, bytes, dropped, lost uint64
}

func newQueue(seed, index uint64) *queue {
	return &queue{random: rand.New(rand.NewPCG(seed, index))}
}

// hit draws an event of the given probability.
func (q *queue) hit(probability float64) bool {
	return probability > 0 && q.random.Float64() < probability
}

// backlog is how many bytes have still to leave at the instant now, rounded up.
func (q *queue) backlog(now int64) int64 {
	if q.free <= now || q.rate == 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(q.free-now), q.rate)
	if high >= bitNanos {
		return 1 << 62
	}
	whole, rest := bits.Div64(high, low, bitNanos)
	if rest > 0 {
		whole++
	}
	return int64(min(whole, 1<<62))
}

// admit says how many of the packet's segments find room. An idle queue takes one of any size.
func (q *queue) admit(p *packet) int {
	if q.rate == 0 {
		return int(p.segments)
	}
	waiting := q.backlog(p.first)
	room := q.limit - waiting
	if p.wire <= room {
		return int(p.segments)
	}
	n := int(max(room, 0) / p.unit)
	if waiting == 0 {
		n = max(n, 1)
	}
	return min(n, int(p.segments))
}

// pass moves the packet through the queue: on return p.first and p.final are when its first and last
// segments come out at the far end. Segments follow each other through as a real link lets them, so a
// burst waits for its own first segment only; others wait for all of it.
func (q *queue) pass(p *packet) {
	start := max(p.first, q.free)
	head, leaves := start, start
	if q.rate > 0 {
		if q.free < p.first {
			q.carry = 0
		}
		head = start + int64((uint64(p.unit)*bitNanos+q.carry)/q.rate)
		work := uint64(p.wire)*bitNanos + q.carry
		leaves = start + int64(work/q.rate)
		q.carry = work % q.rate
	}
	q.free = leaves
	tail := leaves
	if p.segments > 1 && q.rate > 0 {
		tail = max(tail, p.final+int64(uint64(p.last)*bitNanos/q.rate))
	} else if p.segments > 1 {
		tail = max(tail, p.final)
	} else {
		head = leaves
	}
	p.queue, p.leaves = q, leaves
	q.packets += uint64(p.segments)
	q.bytes += uint64(p.wire)
	if q.reorder > 0 && q.hit(q.reorder) { // it overtakes those that the delay holds
		p.first, p.final = head, tail
		return
	}
	delay := q.delay
	if q.jitter > 0 {
		delay = max(0, delay-q.jitter+q.random.Int64N(2*q.jitter+1))
	}
	// A later packet never comes out earlier, whatever its jitter.
	held := max(0, q.lastOut-(head+delay))
	q.lastOut = max(q.lastOut, leaves+delay)
	p.first, p.final = head+delay+held, tail+delay+held
}

// reshape puts s in force at the instant now. What still waits leaves at the new rate; what has left is
// not touched. It reports whether times in events changed, so that the heap needs a repair.
func (q *queue) reshape(s shape, now int64, events eventHeap) bool {
	old := q.shape
	q.shape, q.chance = s, s.drawn()
	if old.rate == s.rate || q.free <= now || old.rate == 0 {
		return false
	}
	shift := func(t int64) int64 {
		if t <= now || s.rate == 0 {
			return min(t, now)
		}
		return now + int64(float64(t-now)*float64(old.rate)/float64(s.rate))
	}
	any := false
	move := func(e *event, floor int64) int64 {
		leaves := shift(e.p.leaves)
		by := leaves - e.p.leaves
		e.p.leaves = leaves
		e.at = max(e.at+by, floor)
		e.p.first, e.p.final = max(e.p.first+by, now), max(e.p.final+by, now)
		any = true
		return e.at
	}
	if old.jitter == 0 {
		for i := range events {
			if e := &events[i]; e.p.queue == q && e.p.leaves > now {
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
	free := shift(q.free)
	q.lastOut += free - q.free
	q.free, q.carry = free, 0
	return any
}

// waiting finds the events of packets that have not left the queue at the instant now, in order.
func (q *queue) waiting(now int64, events eventHeap) []*event {
	var all []*event
	for i := range events {
		if e := &events[i]; e.p.queue == q && e.p.leaves > now {
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
