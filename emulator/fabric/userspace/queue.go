package userspace

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// bitNanos turns bytes into bits times nanoseconds a second.
const bitNanos = 8 * 1_000_000_000

// shape is how a queue shapes and impairs packets.
type shape struct {
	rate   uint64  // bit/s; 0: not limited
	delay  int64   // ns
	jitter int64   // ns
	loss   float64 // probability in [0,1] that a packet is lost before it is enqueued
	limit  int64   // bytes that may wait; what exceeds it is dropped at the tail
	mtu    int     // bytes of the largest IP packet; 0: the stations' own is the only limit

	// Probabilities in [0,1] that a packet skips the delay, is enqueued twice, and has one bit flipped.
	reorder, duplicate, corrupt float64

	trace *linktrace.Trace // what it follows; nil: nothing. See trace.go
	start int64            // ns: when the trace began

	delays *linktrace.Trace // whose distribution each packet's delay is drawn from, with a jitter above 0; nil: uniform
}

func shapeOf(s topology.Shape, limit units.ByteSize) shape {
	return shape{
		rate: uint64(s.Rate), delay: int64(s.Delay), jitter: int64(s.Jitter), loss: s.Loss, limit: int64(limit),
		reorder: s.Reorder, duplicate: s.Duplicate, corrupt: s.Corrupt, mtu: s.MTU,
	}
}

// storeIn is the inverse of shapeOf; the limit and the trace are left out.
func (s *shape) storeIn(to *topology.Shape) {
	to.Rate, to.Delay, to.Jitter, to.Loss = units.BitRate(s.rate), time.Duration(s.delay), time.Duration(s.jitter), s.loss
	to.Reorder, to.Duplicate, to.Corrupt, to.MTU = s.reorder, s.duplicate, s.corrupt, s.mtu
}

// impairs says whether a packet may be lost, duplicated or corrupted before it is enqueued (see core.impair).
func (s *shape) impairs() bool { return s.loss > 0 || s.duplicate > 0 || s.corrupt > 0 }

// splitsBursts says whether each packet counts by itself, so that bursts must be segmented before they are enqueued.
func (s *shape) splitsBursts() bool {
	return s.trace != nil || s.impairs() || s.jitter > 0 || s.reorder > 0 || s.rate > 0 && s.rate < uint64(BurstRate)
}

// queue is one direction of a link, or a shared medium: a FIFO with a transmitter behind it, which sends one packet
// after the other at the queue's rate, and a line with a delay. It stores no packets: when a packet is enqueued, its
// departure follows at once (see transmit), and the packet itself waits in the core's heap of events.
type queue struct {
	shape
	busyUntil   int64  // ns: departure of the last packet enqueued; idle from then on
	carry       uint64 // fraction of a nanosecond after busyUntil, in units of 1/rate: below rate
	lastArrival int64  // ns: when the last packet in order is at the far end
	random      *rand.Rand
	impairing   bool               // shape.impairs, or it varies; looked up for every packet
	sampler     *linktrace.Sampler // with delays
	serving     *linktrace.Server  // says when packets depart, in place of the rate; nil: the rate does
	taps        []*tap             // nil: nobody looks at what it sends

	packets, bytes, dropped, lost uint64
	errors                        uint64 // packets that the wire to the machine at the link's far end refused
}

func newQueue(seed, index uint64) *queue {
	return &queue{random: rand.New(rand.NewPCG(seed, index))}
}

// draw says whether an event of the given probability, in [0,1], happens. What cannot happen takes no random number.
func (q *queue) draw(probability float64) bool {
	return probability > 0 && q.random.Float64() < probability
}

// backlog is how many bytes are still to be transmitted at the instant now (ns), rounded up.
func (q *queue) backlog(now int64) int64 {
	if q.busyUntil <= now || q.rate == 0 {
		return 0
	}
	if q.serving != nil {
		return q.serving.Backlog(now - q.start)
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

// admit says how many of the packet's segments find room below the limit; the others are for tail drop. An idle
// queue takes one segment of any size.
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

// transmit sends the packet through the queue. On entry, p.firstArrival and p.finalArrival say when its first and
// its final segment arrive at the queue; on return, when they arrive at the far end of the link. All times are ns of
// the engine's clock. A packet alone, at a queue that is still busy with its predecessor:
//
//	p.finalArrival        q.busyUntil                          p.departure
//	(= p.firstArrival)    = start                              = new q.busyUntil       new p.finalArrival
//	     |                    |                                      |                       |
//	     |<---- waits ------->|<-- transmission: wireBytes / rate -->|<-- delay +- jitter -->|
//	     |     (backlog)      |                                      |   + held, for order   |
//	-----+--------------------+--------------------------------------+-----------------------+----> time
//	  enqueue          start of transmission                     departure          due at the next queue
//	                                                                                (or delivery; see core.enqueue)
//
// A burst is transmitted segment by segment, so it starts when its first segment is there. The next queue may start
// on it at firstDeparture plus delay, when the rest still transmits:
//
//	 start      firstDeparture                              departure     finalDeparture
//	   |  segment 1  |  segment 2  |  ...  |  final segment     |              |
//	---+-------------+-------------+-------+--------------------+--------------+------------------> time
//
// finalDeparture is later than departure where the burst comes from a slower link: the queue has transmitted all that
// was there, but the final segment cannot leave before it arrived (p.finalArrival) and was transmitted itself. Other
// packets may use the gaps, so that busyUntil is departure all the same.
func (q *queue) transmit(p *packet) {
	start := max(p.firstArrival, q.busyUntil)
	firstDeparture, departure := start, start
	if q.serving != nil {
		departure = q.serve(p)
		firstDeparture = departure
	} else if q.rate > 0 {
		if q.busyUntil < p.firstArrival {
			q.carry = 0
		}
		firstDeparture = start + int64((uint64(p.segmentBytes)*bitNanos+q.carry)/q.rate)
		work := uint64(p.wireBytes)*bitNanos + q.carry
		departure = start + int64(work/q.rate)
		q.carry = work % q.rate
	}
	q.busyUntil = departure
	finalDeparture := departure
	if p.segments > 1 && q.rate > 0 {
		finalDeparture = max(finalDeparture, p.finalArrival+int64(uint64(p.finalBytes)*bitNanos/q.rate))
	} else if p.segments > 1 {
		finalDeparture = max(finalDeparture, p.finalArrival)
	} else {
		firstDeparture = departure
	}
	p.lastQueue, p.departure = q, departure
	q.packets += uint64(p.segments)
	p.number = q.packets
	q.bytes += uint64(p.wireBytes)
	if q.taps != nil {
		q.show(p, firstDeparture, finalDeparture)
	}
	if q.reorder > 0 && q.draw(q.reorder) { // it skips the delay, and so overtakes packets that are held by it
		p.firstArrival, p.finalArrival = firstDeparture, finalDeparture
		return
	}
	delay := q.delay
	if q.jitter > 0 && q.delays != nil {
		delay = q.sampler.Next(q.random, p.firstArrival)
	} else if q.jitter > 0 {
		delay = max(0, delay-q.jitter+q.random.Int64N(2*q.jitter+1))
	}
	// Jitter does not reorder: a packet that would overtake an earlier one is held until that one has arrived.
	held := max(0, q.lastArrival-(firstDeparture+delay))
	q.lastArrival = max(q.lastArrival, departure+delay)
	p.firstArrival, p.finalArrival = firstDeparture+delay+held, finalDeparture+delay+held
}

// reshape puts s in force at the instant now (ns). What is still to be transmitted departs at the new rate; what has
// departed is not touched. It reports whether times in events changed, so that the heap needs a repair.
func (q *queue) reshape(s shape, now int64, events eventHeap) bool {
	old := q.shape
	q.shape, q.impairing = s, s.impairs() || s.varies()
	if old.delays != s.delays && s.delays != nil {
		sampler := linktrace.NewSampler(s.delays.Spread)
		q.sampler = &sampler
	}
	if old.trace != s.trace || old.start != s.start {
		return q.retrace(now, events)
	}
	if q.serving != nil || old.rate == s.rate || q.busyUntil <= now || old.rate == 0 {
		return false
	}
	if q.taps != nil {
		q.showReshape(now, old.rate, s.rate)
	}
	moved := false
	move := func(e *event, floor int64) int64 {
		departure := rescale(e.p.departure, now, old.rate, s.rate)
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
		// Packets wait for different delays: moved by different times, some could overtake others.
		floor := now
		for _, e := range q.waiting(now, events) {
			floor = move(e, floor)
		}
	}
	busyUntil := rescale(q.busyUntil, now, old.rate, s.rate)
	q.lastArrival += busyUntil - q.busyUntil
	q.busyUntil, q.carry = busyUntil, 0
	return moved
}

// waiting finds the events of packets that have not departed from the queue at the instant now (ns), in order.
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

// status is a snapshot of the queue, for Inspect.
func (q *queue) status() fabric.QueueStatus {
	return fabric.QueueStatus{
		Rate: units.BitRate(q.rate), Delay: time.Duration(q.delay), Jitter: time.Duration(q.jitter), Loss: q.loss,
		Reorder: q.reorder, Duplicate: q.duplicate, Corrupt: q.corrupt,
		Limit: units.ByteSize(q.limit), Packets: q.packets, Bytes: q.bytes, Dropped: q.dropped, Lost: q.lost,
		Errors: q.errors, MTU: q.mtu,
	}
}
