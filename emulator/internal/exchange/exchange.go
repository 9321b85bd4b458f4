// Package exchange is what processes of one build of this program send one another: gob messages of bounded size, and
// errors that keep their kind.
package exchange

import (
	"encoding/gob"
	"fmt"
	"io"

	"testbed/emulator/internal/readfile"
)

// Receiver reads messages of bounded size.
type Receiver struct {
	budget *readfile.Budget
	from   *gob.Decoder
}

// NewReceiver reads messages of at most so many bytes each.
func NewReceiver(from io.Reader, most int64) *Receiver {
	budget := readfile.NewBudget(from, most, "message")
	return &Receiver{budget, gob.NewDecoder(budget)}
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
