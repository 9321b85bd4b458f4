package faas

import (
	"context"
	"io"
)

const (
	// firstStep is the most that a message gets before any of it has arrived.
	firstStep = 256 << 10
	// growth is by how much a buffer grows when it is full: what is copied over and over is less than half
	// of the message.
	growth = 4
)

// receive reads n bytes into a buffer, behind front bytes that are left alone. A buffer of that size which
// is there already is used at once; else it grows as the bytes come, so that whoever only announces them
// takes no memory. progress, if any, is called before every read.
func (p *pools) receive(ctx context.Context, src io.Reader, front, n int64, progress func()) (*blob, error) {
	size := front + n
	b, err := p.first(ctx, size, front+firstStep)
	if err != nil {
		return nil, err
	}
	for at := front; ; {
		read, err := readFull(src, b.data[at:], progress)
		at += read
		if err != nil {
			b.release()
			return nil, err
		}
		if at == size {
			return b, nil
		}
		larger, err := p.enlarge(ctx, b, min(size, growth*at))
		if err != nil {
			b.release()
			return nil, err
		}
		b = larger
	}
}

// enlarge moves a buffer's content to one of n bytes. Only what that has more counts against the budget: with both
// counted, a message of more than half of the budget would wait for itself.
func (p *pools) enlarge(ctx context.Context, b *blob, n int64) (*blob, error) {
	if err := p.budget.take(ctx, n-int64(len(b.data))); err != nil {
		return nil, err
	}
	larger := p.charge(p.get(n), n)
	copy(larger.data, b.data)
	b.budget = nil // larger has its charge now
	b.release()
	return larger, nil
}

// first is the buffer that a message of size bytes begins with: of step bytes at most, if none is kept. The budget
// is not asked for more before there is such a buffer: what is only announced must not, for a moment either, leave
// nothing to others, who would be refused.
func (p *pools) first(ctx context.Context, size, step int64) (*blob, error) {
	if size > step {
		if b := p.kept(size); b != nil {
			if p.budget.try(size) {
				return p.charge(b, size), nil
			}
			b.release() // for whoever has room for it
		}
	}
	return p.take(ctx, min(size, step))
}

// readFull reads until data is full. An end before that is io.ErrUnexpectedEOF.
func readFull(src io.Reader, data []byte, progress func()) (int64, error) {
	n := 0
	for n < len(data) {
		if progress != nil {
			progress()
		}
		read, err := src.Read(data[n:])
		if n += read; err != nil && n < len(data) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return int64(n), err
		}
	}
	return int64(n), nil
}

// discard reads n bytes and drops them, through a buffer that is small where n is large.
func (p *pools) discard(src io.Reader, n int64) error {
	b := p.get(min(n, firstStep))
	defer b.release()
	for n > 0 {
		read, err := readFull(src, b.data[:min(n, int64(len(b.data)))], nil)
		if n -= read; err != nil {
			return err
		}
	}
	return nil
}
