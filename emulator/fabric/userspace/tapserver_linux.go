package userspace

import (
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"
)

// Bounds of a capture: the ring between engine and client, how often it is emptied, and how much later than a
// packet has left a queue the engine may compute that.
const (
	tapRingBytes = 64 << 20
	tapInterval  = 2 * time.Millisecond
	tapLateness  = 50 * time.Millisecond
)

// tapping is one client's capture.
type tapping struct {
	server *server
	ring   *tapRing
	taps   []*tap
	queues []*queue
}

// serveTap shows a client packets until it ends its side of the connection. After the reply the client writes a byte,
// so that nothing of what is no gob follows before.
func (s *server) serveTap(conn net.Conn, to *gob.Encoder, q *tapRequest) error {
	t, err := s.newTapping(q)
	if err != nil {
		return to.Encode(reply{Err: err.Error()})
	}
	var b [1]byte
	if err := to.Encode(reply{}); err != nil {
		return err
	}
	if _, err := conn.Read(b[:]); err != nil {
		return err
	}
	s.engine.do(t.begin)
	ended := make(chan struct{})
	go func() { // the client says nothing more: only its end ends the read
		_, _ = conn.Read(b[:])
		close(ended)
	}()
	err = t.send(conn, ended)
	s.engine.do(t.end)
	if err != nil {
		return err
	}
	// What was enqueued before the end has been computed by now.
	if err := t.ring.take(func(b []byte) error { _, err := conn.Write(b); return err }); err != nil {
		return err
	}
	return t.mark(conn, tapEnd, s.engine.clock.now())
}

func (s *server) newTapping(q *tapRequest) (*tapping, error) {
	s.mutex.Lock()
	table := s.table
	s.mutex.Unlock()
	switch {
	case table == nil:
		return nil, errors.New("no network yet")
	case q == nil || len(q.Queues) == 0 || len(q.Queues) > mostTaps:
		return nil, errors.New("a capture of no queues, or of too many")
	}
	t := &tapping{server: s, ring: newTapRing(tapRingBytes)}
	filter, err := filterOf(q.Filter)
	if err != nil {
		return nil, err
	}
	known := table.queuesByName()
	for i, name := range q.Queues {
		at := known[queueName{name.Link, name.Dir}]
		if at == nil {
			return nil, fmt.Errorf("there is no queue %d of link %s", name.Dir, name.Link)
		}
		if table.cut != nil && !table.owns(slices.Index(table.queues, at)) {
			return nil, fmt.Errorf("queue %d of link %s is on another machine", name.Dir, name.Link)
		}
		t.queues = append(t.queues, at)
		t.taps = append(t.taps, &tap{ring: t.ring, filter: filter, queue: uint32(i)})
	}
	return t, nil
}

// begin and end add and remove the taps. They run on the engine's thread.
func (t *tapping) begin() {
	for i, q := range t.queues {
		q.taps = append(q.taps, t.taps[i])
	}
}

func (t *tapping) end() {
	for i, q := range t.queues {
		q.taps = slices.DeleteFunc(q.taps, func(other *tap) bool { return other == t.taps[i] })
		if len(q.taps) == 0 {
			q.taps = nil
		}
	}
}

// send hands the ring's bytes to the client until that has enough.
func (t *tapping) send(conn net.Conn, ended <-chan struct{}) error {
	tick := time.NewTicker(tapInterval)
	defer tick.Stop()
	var marked time.Time
	for {
		select {
		case <-ended:
			return nil
		case <-tick.C:
		}
		now := t.server.engine.clock.now()
		if err := t.ring.take(func(b []byte) error { _, err := conn.Write(b); return err }); err != nil {
			return err
		}
		if time.Since(marked) < tapLateness {
			continue
		}
		marked = time.Now()
		if err := t.mark(conn, tapMark, now-int64(tapLateness)); err != nil {
			return err
		}
	}
}

// mark says what the client has been told, and how many packets were lost.
func (t *tapping) mark(conn net.Conn, kind uint32, until int64) error {
	e := t.server.engine
	b := make([]byte, tapHeaderBytes, tapHeaderBytes+8*len(t.taps))
	e.do(func() {
		for _, one := range t.taps {
			b = binary.LittleEndian.AppendUint64(b, one.lost)
		}
	})
	h := tapHeader{size: uint32(8 * len(t.taps)), kind: kind, first: until, final: e.clock.offset}
	h.put(b)
	_, err := conn.Write(b)
	return err
}
