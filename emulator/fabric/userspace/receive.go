package userspace

import (
	"encoding/gob"
	"fmt"
	"io"

	"testbed/emulator/internal/readfile"
)

// maxMessage is the most bytes of a request or a reply: a network of 5000 nodes takes a hundredth.
const maxMessage = 256 * readfile.MiB

// receiver reads messages of bounded size.
type receiver struct {
	budget *readfile.Budget
	from   *gob.Decoder
}

func newReceiver(from io.Reader) *receiver {
	budget := readfile.NewBudget(from, maxMessage, "message")
	return &receiver{budget, gob.NewDecoder(budget)}
}

// receive reads the next message. Whatever the other side sends, it fails at most.
func (r *receiver) receive(into any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a message that cannot be decoded: %v", p)
		}
	}()
	r.budget.Reset()
	return r.from.Decode(into)
}
