package userspace

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/net/bpf"

	"testbed/emulator/fabric"
)

// A queue that somebody captures at has taps. What it sends is copied into a tap's ring as the engine enqueues it, with
// the instant at which it will have left; the process hands the ring's bytes to the client (tapserver_linux.go), which
// puts packets in order and cuts bursts (tapclient_linux.go). The engine never waits: what finds no room is counted.

// tap is where one client sees one queue.
type tap struct {
	ring   *tapRing
	filter *bpf.VM // nil: all
	queue  uint32  // the client's number of it
	lost   uint64  // packets that found no room
}

// mostTaps is how many queues one client may see.
const mostTaps = 100_000

// tapRequest is what a client wants to see.
type tapRequest struct {
	Queues []fabric.QueueName
	Filter []bpf.RawInstruction
}

// Kinds of records.
const (
	tapPacket  = iota + 1 // a frame, or a burst, with its virtio header
	tapReshape            // from first on, what is still to leave does so at rate "next" instead of "was" (16 bytes)
	tapRetrace            // from first on, packets by their numbers leave later by so many ns (16 bytes each)
	tapMark               // all that left until first was told; the numbers of lost packets follow
	tapEnd                // a mark that is the last
)

// tapHeader precedes a record's bytes.
type tapHeader struct {
	size         uint32 // of what follows
	kind         uint32
	queue        uint32
	count        uint32 // segments of a burst
	first, final int64  // when its first and its final segment have left, ns of CLOCK_MONOTONIC
	number       uint64 // of a packet, in the queue
}

const (
	tapHeaderBytes = 40
	tapShifts      = 4096 // in one record, at most
)

func (h *tapHeader) put(b []byte) {
	binary.LittleEndian.PutUint32(b, h.size)
	binary.LittleEndian.PutUint32(b[4:], h.kind)
	binary.LittleEndian.PutUint32(b[8:], h.queue)
	binary.LittleEndian.PutUint32(b[12:], h.count)
	binary.LittleEndian.PutUint64(b[16:], uint64(h.first))
	binary.LittleEndian.PutUint64(b[24:], uint64(h.final))
	binary.LittleEndian.PutUint64(b[32:], h.number)
}

func (h *tapHeader) get(b []byte) error {
	*h = tapHeader{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:]),
		binary.LittleEndian.Uint32(b[12:]), int64(binary.LittleEndian.Uint64(b[16:])),
		int64(binary.LittleEndian.Uint64(b[24:])), binary.LittleEndian.Uint64(b[32:])}
	if h.size > 8*mostTaps+largeBuffer || h.kind < tapPacket || h.kind > tapEnd {
		return fmt.Errorf("a record of kind %d with %d bytes", h.kind, h.size)
	}
	return nil
}

// show puts a packet that the queue sends into the rings of all who look.
func (q *queue) show(p *packet, first, final int64) {
	for _, t := range q.taps {
		if t.filter != nil {
			if n, err := t.filter.Run(p.data[virtioLen:]); err != nil || n == 0 {
				continue
			}
		}
		h := tapHeader{size: uint32(len(p.data)), kind: tapPacket, queue: t.queue, count: uint32(p.segments),
			first: first, final: final, number: p.number}
		if !t.ring.push(&h, p.data) {
			t.lost += uint64(p.segments)
		}
	}
}

// showReshape says in all rings that what has not left by now leaves at another rate.
func (q *queue) showReshape(now int64, was, next uint64) {
	for _, t := range q.taps {
		var rates [16]byte
		binary.LittleEndian.PutUint64(rates[:], was)
		binary.LittleEndian.PutUint64(rates[8:], next)
		t.ring.push(&tapHeader{size: 16, kind: tapReshape, queue: t.queue, first: now}, rates[:])
	}
}

// shift is by how many ns a packet leaves later than it was shown to.
type shift struct {
	number uint64
	by     int64
}

// showRetrace says in all rings which of the packets that have not left by now leave at another time. Those of which
// there is no room to say it count as lost, for they are shown where they were not.
func (q *queue) showRetrace(now int64, all []shift) {
	for part := range slices.Chunk(all, tapShifts) {
		data := make([]byte, 0, 16*len(part))
		for _, s := range part {
			data = binary.LittleEndian.AppendUint64(data, s.number)
			data = binary.LittleEndian.AppendUint64(data, uint64(s.by))
		}
		for _, t := range q.taps {
			h := tapHeader{size: uint32(len(data)), kind: tapRetrace, queue: t.queue, first: now}
			if !t.ring.push(&h, data) {
				t.lost += uint64(len(part))
			}
		}
	}
}

// rescale is when something leaves a queue that would have left it at t, once its rate has changed at now.
func rescale(t, now int64, was, next uint64) int64 {
	if t <= now || next == 0 {
		return min(t, now)
	}
	return now + int64(float64(t-now)*float64(was)/float64(next))
}

// tapRing passes records from the engine's thread to one other.
type tapRing struct {
	bytes       []byte // a power of two
	read, wrote atomic.Uint64
}

func newTapRing(bytes int) *tapRing { return &tapRing{bytes: make([]byte, bytes)} }

// push copies a record, of h.size bytes of data, and says whether there was room.
func (r *tapRing) push(h *tapHeader, data []byte) bool {
	at := r.wrote.Load()
	if need := uint64(tapHeaderBytes + len(data)); uint64(len(r.bytes))-(at-r.read.Load()) < need {
		return false
	}
	var head [tapHeaderBytes]byte
	h.put(head[:])
	r.copy(at, head[:])
	r.copy(at+tapHeaderBytes, data)
	r.wrote.Store(at + uint64(tapHeaderBytes+len(data)))
	return true
}

func (r *tapRing) copy(at uint64, data []byte) {
	n := copy(r.bytes[at&uint64(len(r.bytes)-1):], data)
	copy(r.bytes, data[n:])
}

// take gives all that there is, in at most two parts, and frees it when they were taken.
func (r *tapRing) take(each func([]byte) error) error {
	from, to := r.read.Load(), r.wrote.Load()
	mask := uint64(len(r.bytes) - 1)
	for from < to {
		part := r.bytes[from&mask : min((from&mask)+(to-from), uint64(len(r.bytes)))]
		if err := each(part); err != nil {
			return err
		}
		from += uint64(len(part))
		r.read.Store(from)
	}
	return nil
}
