package wire

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// inbox holds records from a reader until the core takes them.
type inbox struct {
	mutex  sync.Mutex
	room   sync.Cond // signalled when the core has taken what there was
	full   []byte
	closed bool
	some   atomic.Bool // full is not empty

	spare []byte // the core's: the buffer that it exchanges

	latest atomic.Pointer[progress] // in the latest connection over which something came
	total  atomic.Uint64            // records read in all
}

func newInbox() *inbox {
	i := new(inbox)
	i.latest.Store(new(progress))
	i.room.L = &i.mutex
	return i
}

// errClosed ends readers when the mesh is closed.
var errClosed = errors.New("the mesh is closed")

// add hands complete records on, and waits while there is no room for them.
func (i *inbox) add(records []byte) error {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	for len(i.full) > 0 && len(i.full)+len(records) > maxBox && !i.closed {
		i.room.Wait()
	}
	if i.closed {
		return errClosed
	}
	i.full = append(i.full, records...)
	i.some.Store(true)
	return nil
}

// take exchanges the buffers. What it returns is valid until the next call.
func (i *inbox) take() []byte {
	if !i.some.Load() {
		return nil
	}
	i.mutex.Lock()
	full := i.full
	i.full, i.spare = i.spare[:0], full
	i.some.Store(false)
	i.mutex.Unlock()
	i.room.Signal()
	return full
}

func (i *inbox) close() {
	i.mutex.Lock()
	i.closed = true
	i.mutex.Unlock()
	i.room.Broadcast()
}

// read is how far the inbox is.
func (i *inbox) read() progress { return *i.latest.Load() }

// readFrom reads records of a session until the connection ends, and rings when there are some.
func (i *inbox) readFrom(from io.Reader, session uint64, ring func()) error {
	b := make([]byte, 256<<10)
	got := uint64(0)
	held := 0
	for {
		n, err := from.Read(b[held:])
		held += n
		if held > 0 {
			complete, records, wrong := whole(b[:held])
			if complete > 0 {
				got += records
				i.latest.Store(&progress{session, got})
				i.total.Add(records)
				if err := i.add(b[:complete]); err != nil {
					return err
				}
				ring()
				held = copy(b, b[complete:held])
			}
			if wrong != nil {
				return wrong
			}
		}
		if err != nil {
			return err
		}
	}
}
