package userspace

import (
	"bufio"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"golang.org/x/net/bpf"

	"testbed/emulator/fabric"
)

var _ fabric.Tapper = (*Fabric)(nil)

// maxPending is how many bytes the packets may take that have not left their queues yet and that a client keeps, each
// pendingBytes beside its data.
const (
	maxPending   = 256 << 20
	pendingBytes = 200
)

// Tap implements fabric.Tapper.
func (f *Fabric) Tap(
	ctx context.Context, queues []fabric.QueueName, filter []bpf.RawInstruction, to fabric.TapSink,
) error {
	segments, err := filterOf(filter)
	if err != nil {
		return f.wrap(err)
	}
	conn, err := f.call(ctx)
	if err != nil {
		return f.wrap(err)
	}
	defer conn.Close()
	if _, err := conn.ask(ctx, request{Op: opTap, Tap: &tapRequest{queues, filter}}); err != nil {
		return f.wrap(err)
	}
	if _, err := conn.Write([]byte{commit}); err != nil {
		return f.wrap(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Conn.(*net.UnixConn).CloseWrite() })
	defer stop()
	v := &tapView{from: bufio.NewReaderSize(conn, 1<<20), to: to, lost: make([]uint64, len(queues)),
		filter: segments}
	return f.wrap(v.run())
}

// tapView is what a client makes of the records.
type tapView struct {
	from    *bufio.Reader
	to      fabric.TapSink
	filter  *bpf.VM       // of bursts' segments; nil: all
	pending pendingFrames // by the instants at which they leave
	held    int64         // bytes of memory
	number  uint64
	lost    []uint64
	offset  int64 // of the engine's clock from CLOCK_MONOTONIC, ns
}

// pendingFrame is a frame, or one segment of a burst, that is to leave a queue at an instant.
type pendingFrame struct {
	at     int64  // ns of the engine's clock
	number uint64 // in the order in which they were told
	sent   uint64 // of the packet, in its queue
	queue  uint32
	data   []byte
}

func (v *tapView) run() error {
	var head [tapHeaderBytes]byte
	for {
		if _, err := io.ReadFull(v.from, head[:]); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = fmt.Errorf("%w: %w", fabric.ErrNotRunning, errNoReply)
			}
			return errors.Join(v.upTo(1<<62), err)
		}
		var h tapHeader
		if err := h.get(head[:]); err != nil {
			return err
		}
		data := make([]byte, h.size)
		if _, err := io.ReadFull(v.from, data); err != nil {
			return fmt.Errorf("%w: %w", errNoReply, err)
		}
		if err := v.record(&h, data); err != nil || h.kind == tapEnd {
			return err
		}
	}
}

func (v *tapView) record(h *tapHeader, data []byte) error {
	switch h.kind {
	case tapPacket:
		if len(data) < ipAt || int(h.queue) >= len(v.lost) {
			return errors.New("a packet that is none")
		}
		return v.packet(h, data)
	case tapReshape:
		if len(data) == 16 {
			v.reshape(h.queue, h.first, binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:]))
		}
		return nil
	case tapRetrace:
		v.retrace(h.queue, h.first, data)
		return nil
	}
	for i := range v.lost {
		if len(data) >= 8*(i+1) {
			v.lost[i] = binary.LittleEndian.Uint64(data[8*i:])
		}
	}
	v.offset = h.final
	if err := v.upTo(h.first); err != nil {
		return err
	}
	return v.to.Told(time.Duration(h.first+v.offset), v.lost)
}

// packet keeps a frame until it has left, a burst segment by segment.
func (v *tapView) packet(h *tapHeader, data []byte) error {
	l, isBurst := parseBurst(data)
	if !isBurst || h.count < 2 {
		return v.keep(h.final, h, data)
	}
	n := l.segmentCount(data)
	if n != int(h.count) {
		return errors.New("a burst that is none")
	}
	p := &packet{data: data}
	p.setWireSize(l, true)
	for i := range n { // each takes the time for its bytes; the final one may be shorter
		at := h.final
		if i < n-1 {
			at = h.first + int64(float64(h.final-h.first)*float64(int64(i)*p.segmentBytes)/float64(p.wireBytes-p.segmentBytes))
		}
		segment := l.segment(make([]byte, l.payloadAt+l.size), data, i)
		if !accepted(v.filter, segment[virtioLen:]) {
			continue
		}
		if err := v.keep(at, h, segment); err != nil {
			return err
		}
	}
	return nil
}

func (v *tapView) keep(at int64, h *tapHeader, data []byte) error {
	v.number++
	heap.Push(&v.pending, pendingFrame{at, v.number, h.number, h.queue, data})
	v.held += pendingBytes + int64(cap(data))
	for v.held > maxPending {
		if err := v.first(); err != nil {
			return err
		}
	}
	return nil
}

// reshape moves what has not left by now, as queue.reshape does.
func (v *tapView) reshape(queue uint32, now int64, was, next uint64) {
	for i := range v.pending {
		if p := &v.pending[i]; p.queue == queue && p.at > now {
			p.at = rescale(p.at, now, was, next)
		}
	}
	heap.Init(&v.pending)
}

// retrace moves packets of a queue that have not left by now, as queue.retrace did.
func (v *tapView) retrace(queue uint32, now int64, shifts []byte) {
	by := make(map[uint64]int64, len(shifts)/16)
	for ; len(shifts) >= 16; shifts = shifts[16:] {
		by[binary.LittleEndian.Uint64(shifts)] = int64(binary.LittleEndian.Uint64(shifts[8:]))
	}
	for i := range v.pending {
		if p := &v.pending[i]; p.queue == queue && p.at > now {
			p.at = max(p.at+by[p.sent], now)
		}
	}
	heap.Init(&v.pending)
}

// upTo hands over what has left by an instant.
func (v *tapView) upTo(t int64) error {
	for len(v.pending) > 0 && v.pending[0].at <= t {
		if err := v.first(); err != nil {
			return err
		}
	}
	return nil
}

func (v *tapView) first() error {
	p := heap.Pop(&v.pending).(pendingFrame)
	v.held -= pendingBytes + int64(cap(p.data))
	completeChecksum(p.data)
	return v.to.Packet(fabric.Tapped{Queue: int(p.queue), At: time.Duration(p.at + v.offset), Data: p.data[virtioLen:]})
}

// pendingFrames is a heap: what leaves next is first.
type pendingFrames []pendingFrame

func (p pendingFrames) Len() int { return len(p) }

func (p pendingFrames) Less(i, j int) bool {
	return p[i].at < p[j].at || p[i].at == p[j].at && p[i].number < p[j].number
}

func (p pendingFrames) Swap(i, j int) { p[i], p[j] = p[j], p[i] }

// Push implements heap.Interface.
func (p *pendingFrames) Push(x any) { *p = append(*p, x.(pendingFrame)) }

// Pop implements heap.Interface.
func (p *pendingFrames) Pop() any {
	last := len(*p) - 1
	x := (*p)[last]
	*p = slices.Delete(*p, last, last+1)
	return x
}
