package readfile

import (
	"fmt"
	"io"
)

// Budget passes on what a reader gives, until more has been read since the last Reset than is allowed. It
// bounds what decoders that know no limit of their own keep of one record: a row, a message.
type Budget struct {
	from io.Reader
	most int64
	left int64
	last byte
	what string
}

// NewBudget allows so many bytes between two Resets for what is called by a word such as row.
func NewBudget(from io.Reader, most int64, what string) *Budget {
	return &Budget{from: from, most: most, left: most, what: what}
}

// Reset says that a record begins. A decoder may have read some of it before.
func (b *Budget) Reset() { b.left = b.most }

// Last is the last byte that was read; 0 before any.
func (b *Budget) Last() byte { return b.last }

// Read implements io.Reader.
func (b *Budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a %s of more than the %d bytes that are read: %w", b.what, b.most, ErrLimit)
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if n > 0 {
		b.last = p[n-1]
	}
	return n, err
}
