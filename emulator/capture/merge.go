package capture

import (
	"container/heap"
	"time"

	"testbed/emulator/internal/exchange"
)

// maxHeld is how many bytes packets take that wait for those of other sources, which may be older. Beyond that the
// oldest are written all the same: order is worth less than the packets.
const maxHeld = 256 << 20

// merge puts the packets of several sources in the order of their times. A source says up to when it has told all.
type merge struct {
	told    []time.Time // by source
	waiting waiting
	held    int64 // bytes of memory
	next    uint64
	write   func(*Packet) error
	free    [][]byte // memory that is reused
}

func newMerge(sources int, write func(*Packet) error) *merge {
	return &merge{told: make([]time.Time, sources), write: write}
}

// mostFree is how many buffers are kept for reuse.
const mostFree = 4096

// add takes a packet, of whose data it makes a copy.
func (m *merge) add(p Packet) error {
	m.next++
	var data []byte
	if n := len(m.free); n > 0 {
		data, m.free = m.free[n-1], m.free[:n-1]
	}
	p.Data = append(data[:0], p.Data...)
	heap.Push(&m.waiting, held{p, m.next})
	m.held += takes(p.Data)
	for m.held > maxHeld {
		if err := m.first(); err != nil {
			return err
		}
	}
	return nil
}

// until says that a source will tell nothing older any more, and writes what nothing older can come before.
func (m *merge) until(source int, t time.Time) error {
	m.told[source] = t
	oldest := m.told[0]
	for _, other := range m.told[1:] {
		if other.Before(oldest) {
			oldest = other
		}
	}
	for len(m.waiting) > 0 && !m.waiting[0].At.After(oldest) {
		if err := m.first(); err != nil {
			return err
		}
	}
	return nil
}

// flush writes all.
func (m *merge) flush() error {
	for len(m.waiting) > 0 {
		if err := m.first(); err != nil {
			return err
		}
	}
	return nil
}

func (m *merge) first() error {
	p := heap.Pop(&m.waiting).(held)
	data := p.Data
	m.held -= takes(data)
	err := m.write(&p.Packet)
	if len(m.free) < mostFree && cap(data) <= 4096 {
		m.free = append(m.free, data)
	}
	return err
}

// takes is how many bytes a packet takes that waits: small ones are more than their data.
func takes(data []byte) int64 { return int64(len(data)) + exchange.Held }

// held is a packet that waits, with the order in which it came.
type held struct {
	Packet
	number uint64
}

// waiting is a heap: the oldest is first.
type waiting []held

func (w waiting) Len() int { return len(w) }

func (w waiting) Less(i, j int) bool {
	if !w[i].At.Equal(w[j].At) {
		return w[i].At.Before(w[j].At)
	}
	return w[i].number < w[j].number
}

func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }

// Push implements heap.Interface.
func (w *waiting) Push(p any) { *w = append(*w, p.(held)) }

// Pop implements heap.Interface.
func (w *waiting) Pop() any {
	last := len(*w) - 1
	p := (*w)[last]
	(*w)[last] = held{}
	*w = (*w)[:last]
	return p
}
