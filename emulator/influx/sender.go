package influx

import (
	"bytes"
	"context"
	"errors"
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// probes is the most requests that are spent on finding the bad lines of one batch.
const probes = 256

// spansPerBatch is the most pieces of one batch that are remembered as refused; with more of them the
// batch is remembered as a whole.
const spansPerBatch = 64

// hurriedPause is the longest pause when little time is left.
const hurriedPause = time.Second

// sender delivers batches, repeating what may pass by itself.
type sender struct {
	client  *client
	config  Config
	random  *rand.Rand
	retried atomic.Int64
	// patience is how long nothing may get through before the sender gives up; 0: for ever.
	patience time.Duration
	// hurry is closed when there is no more time to wait for its own sake.
	hurry <-chan struct{}
	// failed is told of failures that may pass; may be nil.
	failed func(error)
}

func newSender(c Config, patience time.Duration, hurry <-chan struct{}) *sender {
	return &sender{
		client:   newClient(c),
		config:   c,
		random:   rand.New(rand.NewPCG(c.Seed, 0x696e666c7578)),
		patience: patience,
		hurry:    hurry,
	}
}

// batch is a piece of the file: whole lines from offset on.
type batch struct {
	offset int64
	lines  []byte
}

func (b batch) count() int64 { return int64(bytes.Count(b.lines, []byte("\n"))) }
func (b batch) end() int64   { return b.offset + int64(len(b.lines)) }
func (b batch) span() span   { return span{From: b.offset, To: b.end(), Lines: b.count()} }

// halves cuts a batch in two at a line's end near its middle.
func (b batch) halves() (batch, batch) {
	middle := len(b.lines) / 2
	cut := middle + bytes.IndexByte(b.lines[middle:], '\n') + 1
	if cut == len(b.lines) {
		cut = bytes.LastIndexByte(b.lines[:len(b.lines)-1], '\n') + 1
	}
	return batch{b.offset, b.lines[:cut]}, batch{b.offset + int64(cut), b.lines[cut:]}
}

// result is what became of a batch: the lines acknowledged, and the pieces refused with the last reason.
type result struct {
	written int64
	refused []span
	reason  error
}

// deliver sends a batch until the server has taken or refused it. Its error says why nobody knows: ctx or
// the sender's patience has come to an end. The batch is to be sent again then.
func (s *sender) deliver(ctx context.Context, b batch) (result, error) {
	err := s.persist(ctx, b.lines)
	if err == nil {
		return result{written: b.count()}, nil
	}
	if passing(err) || ctx.Err() != nil {
		return result{}, err
	}
	r := result{reason: err}
	if !divisible(err) || b.count() < 2 {
		r.refused = []span{b.span()}
		return r, nil
	}
	search := search{sender: s, left: probes, descent: 2 + bits.Len64(uint64(b.count()))}
	if err := search.divide(ctx, b, &r); err != nil {
		return result{}, err
	}
	if len(r.refused) > spansPerBatch {
		r.written, r.refused = 0, []span{b.span()}
	}
	return r, nil
}

// search finds the lines of a batch that are at fault.
type search struct {
	*sender
	left    int // requests
	descent int // requests that may be refused before the first is taken
	taken   bool
}

// divide sends the halves of a batch that was refused, and their halves.
func (s *search) divide(ctx context.Context, b batch, r *result) error {
	first, second := b.halves()
	for _, half := range []batch{first, second} {
		if s.left == 0 || s.descent == 0 && !s.taken {
			r.refuse(half, r.reason)
			continue
		}
		s.left--
		err := s.persist(ctx, half.lines)
		switch {
		case err == nil:
			s.taken = true
			r.written += half.count()
		case passing(err) || ctx.Err() != nil:
			return err
		case divisible(err) && half.count() > 1:
			s.descent = max(0, s.descent-1)
			r.reason = err
			if err := s.divide(ctx, half, r); err != nil {
				return err
			}
		default:
			s.descent = max(0, s.descent-1)
			r.refuse(half, err)
		}
	}
	return nil
}

func (r *result) refuse(b batch, reason error) {
	r.refused = join(r.refused, b.span())
	r.reason = reason
}

// persist sends lines, and repeats it while the failure may pass by itself.
func (s *sender) persist(ctx context.Context, lines []byte) error {
	begin := time.Now()
	for attempt := 0; ; attempt++ {
		err := s.client.send(ctx, lines)
		if err == nil || !passing(err) || ctx.Err() != nil {
			return err
		}
		if s.failed != nil {
			s.failed(err)
		}
		wait := s.pause(attempt, err)
		if s.patience > 0 && time.Since(begin)+wait > s.patience || !s.sleep(ctx, wait) {
			return err
		}
		s.retried.Add(1)
	}
}

// pause is how long to wait before the next attempt: doubled each time, up to a limit, by half as much
// more or less at random, so that many senders do not come back at once; and as long as the server asks.
func (s *sender) pause(attempt int, err error) time.Duration {
	wait := min(s.config.Backoff<<min(attempt, 20), s.config.MaxBackoff)
	wait = time.Duration(float64(wait) * (0.5 + s.random.Float64()))
	var a *answer
	if errors.As(err, &a) {
		wait = max(wait, min(a.after, s.config.MaxAfter))
	}
	return wait
}

// sleep waits, less where there is hurry. It says whether ctx goes on.
func (s *sender) sleep(ctx context.Context, wait time.Duration) bool {
	hurry := s.hurry
	select {
	case <-hurry: // in a hurry already
		wait, hurry = min(wait, hurriedPause), nil
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-hurry:
	case <-timer.C:
	}
	return true
}
