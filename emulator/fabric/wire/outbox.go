package wire

import (
	"sync"
	"sync/atomic"
)

// maxBox is how many bytes an outbox or an inbox has: 34 ms at 1 Gb/s.
const maxBox = 4 << 20

// outbox holds records from the core until the writer takes them. It has two buffers, which they exchange.
type outbox struct {
	mutex sync.Mutex
	full  []byte // records that wait
	open  bool   // there is a connection
	count uint64 // of records in full

	dirty bool          // of the core's: something came since the last flush
	wake  chan struct{} // for the writer
	lost  atomic.Uint64
	sent  atomic.Uint64 // records put in
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// put adds a record, unless there is no connection or no room; then it is lost and counted.
func (o *outbox) put(h *Header, data []byte) bool {
	o.mutex.Lock()
	ok := o.open && len(o.full)+headerLen+len(data) <= maxBox
	if ok {
		o.full = appendRecord(o.full, h, data)
		o.count++
	}
	o.mutex.Unlock()
	if !ok {
		o.lost.Add(1)
		return false
	}
	o.sent.Add(1)
	o.dirty = true
	return true
}

// flush wakes the writer where something came since the last one.
func (o *outbox) flush() {
	if !o.dirty {
		return
	}
	o.dirty = false
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take exchanges the buffers: all there is for an empty one, which keeps its room.
func (o *outbox) take(empty []byte) (full []byte, records uint64) {
	o.mutex.Lock()
	full, records = o.full, o.count
	o.full, o.count = empty[:0], 0
	o.mutex.Unlock()
	return full, records
}

// connected says whether there is a connection. What waits when it breaks is lost and counted.
func (o *outbox) connected(open bool) {
	o.mutex.Lock()
	if o.open = open; !open {
		o.lost.Add(o.count)
		o.full, o.count = o.full[:0], 0
	}
	o.mutex.Unlock()
}
