// Package exchange is what processes of one build of this program send one another: gob messages of bounded size, and
// errors that keep their kind.
package exchange

import (
	"bufio"
	"context"
	"encoding/gob"
	"fmt"
	"io"

	"testbed/emulator/internal/readfile"
)

// Receiver reads messages of bounded size.
type Receiver struct {
	budget *readfile.Budget
	read   *bufio.Reader // from the budget
	from   *gob.Decoder  // from read, and from nothing behind it
}

// NewReceiver reads messages of at most so many bytes each.
func NewReceiver(from io.Reader, most int64) *Receiver {
	budget := readfile.NewBudget(from, most, "message")
	read := bufio.NewReader(budget)
	return &Receiver{budget, read, gob.NewDecoder(read)}
}

// Receive reads the next message. Whatever the other side sends, it fails at most.
func (r *Receiver) Receive(into any) (err error) {
	defer func() {
		if p := recover(); p != nil { // encoding/gob is not made for what others wrote
			err = fmt.Errorf("a message that cannot be decoded: %v", p)
		}
	}()
	r.budget.Reset()
	return r.from.Decode(into)
}

// Until is ctx until the other side says anything more, such as a byte, or ends the stream: after a message that asks
// for what lasts. What comes close behind a message may have been read with it, so that whoever reads the stream itself
// would wait in vain. No message is received afterwards. What it leaves waiting ends with the stream.
func (r *Receiver) Until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		r.budget.Reset()
		_, _ = r.read.ReadByte()
	}()
	return ctx, cancel
}
