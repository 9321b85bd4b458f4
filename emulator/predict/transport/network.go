package transport

import (
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// network carries the packets of all messages that meet others, through the queues that they share: FIFOs with tail
// drop, of which a shared medium is one for all its stations. Packets leave a queue in order, so those behind one
// queue, with one delay to go, are a lane: a ring each, and a heap of the rings' heads in place of one of all
// packets. Nothing is allocated once they have grown.
type network struct {
	queues []server
	lanes  []ring[parcel]
	heads  headHeap
	count  int64 // packet-hops calculated, for benchmarks

	queueNumbers map[topology.Channel]int32
	laneNumbers  map[laneKey]int32

	began int64 // when the chains of the model at hand did, and the traces that begin with a run
}

// server is the transmitter of a queue, and who uses it.
type server struct {
	free  int64   // when it is idle
	users []*flow // messages under way whose packets or ACKs cross it
	trace *traced // what it follows; nil: nothing
}

type laneKey struct {
	queue int32 // -1: none
	delay int64
}

// parcel is a packet of a flow: a segment, or an ACK of all segments before number.
type parcel struct {
	at     int64 // when it is at the end of its lane
	number int64
	edge   int64 // ACK: the end of the receiver's window
	echo   int64 // when the receiver sent the ACK that is this one, or the newest that its sender had
	sack   int64 // ACK: the segment that it answers, received out of order; -1: none
	flow   *flow
	hop    int16 // how many queues it has crossed
	class  int8
	inside bool // it is handed over with the rest of its burst
}

// crossing is one queue on a route, among others.
type crossing struct {
	queue  int32 // in network.queues; -1: none
	lane   int32
	serial [3]int64 // by class; of short segments it is the message's
	delay  int64
	limit  int64 // longest wait, the packet's own time in the server included, that the queue's limit leaves room for
	rate   units.BitRate
}

// way is that of packets of a class.
func (r *route) way(class int8) []crossing {
	if class == ack {
		return r.ways[1]
	}
	return r.ways[0]
}

func newNetwork() network {
	return network{queueNumbers: map[topology.Channel]int32{}, laneNumbers: map[laneKey]int32{}}
}

// cross numbers a hop's queue and the lane behind it. channel is nil where there is no queue.
func (n *network) cross(h *hop, channel *topology.Channel) crossing {
	c := crossing{queue: -1, serial: h.serial, delay: h.delay, limit: h.limit, rate: h.rate}
	if channel != nil {
		number, known := n.queueNumbers[*channel]
		if !known {
			number = int32(len(n.queues))
			n.queueNumbers[*channel] = number
			n.queues = append(n.queues, server{trace: newTraced(h, n.began)})
		}
		c.queue = number
	}
	key := laneKey{c.queue, c.delay}
	lane, known := n.laneNumbers[key]
	if !known {
		lane = int32(len(n.lanes))
		n.laneNumbers[key] = lane
		n.lanes = append(n.lanes, ring[parcel]{})
	}
	c.lane = lane
	return c
}

// next is when the first packet is at the end of its lane; never: there is none.
func (n *network) next() int64 {
	if len(n.heads) == 0 {
		return never
	}
	return n.heads[0].at
}

// pop takes that packet.
func (n *network) pop() parcel {
	r := &n.lanes[n.heads[0].lane]
	p := r.pop()
	if r.empty() {
		n.heads.remove()
	} else {
		n.heads.replace(r.first().at)
	}
	return p
}

// enqueue puts a packet into the queue that is next on its way, at now, and reports whether there was room.
func (n *network) enqueue(p parcel, now int64) bool {
	c := &p.flow.route.way(p.class)[p.hop]
	n.count++
	at := now
	if c.queue >= 0 && n.queues[c.queue].trace != nil {
		var room bool
		if at, room = n.queues[c.queue].trace.enqueue(&p, now); !room {
			return false
		}
	} else if c.queue >= 0 {
		q, serial := &n.queues[c.queue], c.serial[p.class]
		if p.class == short {
			serial = frameTime(p.flow.lastFrame, c.rate)
		}
		if wait := q.free - now; wait > 0 {
			if wait+serial > c.limit {
				return false
			}
			at = q.free
		}
		at += serial
		q.free = at
	}
	p.at = at + c.delay
	p.hop++
	r := &n.lanes[c.lane]
	if r.empty() {
		n.heads.add(head{p.at, c.lane})
	}
	r.push(p)
	return true
}

// head is the first packet of a lane.
type head struct {
	at   int64
	lane int32
}

func (h head) before(o head) bool { return h.at < o.at || h.at == o.at && h.lane < o.lane }

// headHeap is a binary heap of lanes that are not empty.
type headHeap []head

func (h *headHeap) add(e head) {
	list := append(*h, e)
	*h = list
	i := len(list) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !e.before(list[parent]) {
			break
		}
		list[i] = list[parent]
		i = parent
	}
	list[i] = e
}

// replace gives the first lane another time, which is not earlier.
func (h headHeap) replace(at int64) { h.sink(head{at, h[0].lane}) }

// remove takes the first lane out.
func (h *headHeap) remove() {
	last := len(*h) - 1
	e := (*h)[last]
	*h = (*h)[:last]
	if last > 0 {
		h.sink(e)
	}
}

// sink puts e in the place of the first.
func (h headHeap) sink(e head) {
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(e) {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = e
}
