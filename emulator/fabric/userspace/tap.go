package userspace

import (
	"encoding/binary"
	"errors"
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
		accepted := t.accepts(p)
		if accepted == 0 {
			continue
		}
		h := tapHeader{size: uint32(len(p.data)), kind: tapPacket, queue: t.queue, count: uint32(p.segments),
			first: first, final: final, number: p.number}
		if !t.ring.push(&h, p.data) {
			t.lost += uint64(accepted)
		}
	}
}

// accepts is how many of a packet's segments the filter accepts. Those of a burst are shown one by one, and differ in
// nothing that filters look at but in their lengths: all but the final one have the same. Which ones they are is the
// client's to see.
func (t *tap) accepts(p *packet) (segments int32) {
	frame := p.data[virtioLen:]
	switch {
	case t.filter == nil:
		return p.segments
	case p.segments < 2:
		if accepted(t.filter, frame) {
			segments = 1
		}
		return segments
	}
	if accepted(t.filter, frame[:p.segmentBytes]) {
		segments = p.segments - 1
	}
	if accepted(t.filter, frame[:p.finalBytes]) {
		segments++
	}
	return segments
}

// accepted says whether a filter accepts a frame; nil accepts all.
func accepted(filter *bpf.VM, frame []byte) bool {
	if filter == nil {
		return true
	}
	n, err := filter.Run(frame)
	return err == nil && n > 0
}

// filterOf is a filter that was handed over; nil: there is none.
func filterOf(raw []bpf.RawInstruction) (*bpf.VM, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	program, known := bpf.Disassemble(raw)
	if !known {
		return nil, errors.New("filter: an instruction that is not known")
	}
	filter, err := bpf.NewVM(program)
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	return filter, nil
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
