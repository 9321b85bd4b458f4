package instance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Starter makes instances. Start returns when the instance is ready for requests, or with an error; its context ends
// when the pool is closed. It is called from several goroutines; Number tells which start it is.
type Starter interface {
	Start(ctx context.Context) (Instance, error)
}

// Instance is what serves requests.
type Instance interface {
	// Stop ends the instance, and returns when it has ended. It is called once at most, perhaps when it has ended already.
	Stop()
	// Gone is closed when the instance has ended, by itself or by Stop; nil: it never does by itself.
	Gone() <-chan struct{}
}

// Pool is the instances of one function on one node. All of its methods may be called at the same time.
type Pool struct {
	starter Starter
	origin  time.Time
	context context.Context // until Close
	stop    context.CancelFunc
	work    sync.WaitGroup // starts, watches and ends

	mu        sync.Mutex
	ledger    *Ledger[*waiter]
	instances map[int]Instance // that are ready
	timer     *time.Timer      // of keep-alive
	closed    bool
	counts    Stats
	failure   error         // of the last start; nil: it was successful
	changed   chan struct{} // closed, and made anew, when an instance is ready or its start has failed
}

// Stats are a pool's counters since it was made, and how it is at present.
type Stats struct {
	Starts   int `json:"starts"`   // begun
	Failed   int `json:"failed"`   // of them
	Stopped  int `json:"stopped"`  // after their keep-alive
	Gone     int `json:"gone"`     // ended by themselves
	Starting int `json:"starting"` // at present
	Ready    int `json:"ready"`    // at present
	Busy     int `json:"busy"`     // of Ready
	Waiting  int `json:"waiting"`  // requests, at present
}

// Add adds another pool's.
func (s *Stats) Add(o *Stats) {
	s.Starts, s.Failed, s.Stopped, s.Gone = s.Starts+o.Starts, s.Failed+o.Failed, s.Stopped+o.Stopped, s.Gone+o.Gone
	s.Starting, s.Ready, s.Busy, s.Waiting = s.Starting+o.Starting, s.Ready+o.Ready, s.Busy+o.Busy, s.Waiting+o.Waiting
}

// waiter is a request: lease and err are set before done is closed.
type waiter struct {
	done  chan struct{}
	lease *Lease
	err   error
}

// NewPool begins to start Limits.Min instances. It fails where the limits are out of range.
func NewPool(limits Limits, starter Starter) (*Pool, error) {
	if err := limits.Validate(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Pool{
		starter: starter, origin: time.Now(), context: ctx, stop: stop, ledger: NewLedger[*waiter](limits),
		instances: map[int]Instance{}, changed: make(chan struct{}),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.act(p.ledger.Fill(p.now()))
	return p, nil
}

// Warm waits until Limits.Min instances are ready. It fails with a start's error, and with the context's.
func (p *Pool) Warm(ctx context.Context) error {
	for {
		p.mu.Lock()
		_, ready, _, _ := p.ledger.Count()
		enough, failure, changed, closed := ready >= p.ledger.limits.Min, p.failure, p.changed, p.closed
		p.mu.Unlock()
		switch {
		case closed:
			return ErrClosed
		case enough:
			return nil
		case failure != nil:
			return failure
		}
		select {
		case <-changed:
		case <-p.context.Done():
			return ErrClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Acquire waits for a slot of an instance, as the package says. It fails with ErrFull, ErrClosed, the error of the
// start that it waited for, or the context's. The lease is to be released.
func (p *Pool) Acquire(ctx context.Context) (*Lease, error) {
	w := &waiter{done: make(chan struct{})}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	actions, admitted := p.ledger.Ask(p.now(), w)
	p.act(actions)
	p.mu.Unlock()
	if !admitted {
		return nil, fmt.Errorf("%d requests wait: %w", p.ledger.limits.queue(), ErrFull)
	}
	select {
	case <-w.done:
		return w.lease, w.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	waits := p.ledger.Withdraw(w)
	p.mu.Unlock()
	if !waits { // it has got its slot, or an error, at the same time
		if <-w.done; w.lease != nil {
			w.lease.Release()
		}
	}
	return nil, context.Cause(ctx)
}

// Stats reads the counters.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.counts
	s.Starting, s.Ready, s.Busy, s.Waiting = p.ledger.Count()
	return s
}

// Close ends all instances, those in use as well, and what starts, fails those who wait with ErrClosed, and returns
// when nothing is left.
func (p *Pool) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		p.stop()
		if p.timer != nil {
			p.timer.Stop()
		}
		for _, q := range p.ledger.queue {
			q.request.err = ErrClosed
			close(q.request.done)
		}
		p.ledger.queue = nil
		for id, i := range p.instances {
			delete(p.instances, id)
			p.end(i)
		}
	}
	p.mu.Unlock()
	p.work.Wait()
}

func (p *Pool) now() int64 { return time.Since(p.origin).Nanoseconds() }

// Lease is a slot of an instance.
type Lease struct {
	Instance Instance
	Waited   time.Duration // in the queue, but for Started
	Started  time.Duration // for which it waited for the instance's start; 0: that was warm
	release  func()
}

// Release gives the slot back, once.
func (l *Lease) Release() { l.release() }

// number is the context key of an instance's number.
type number struct{}

// Number is which start of its pool a Starter's context is of, from 0.
func Number(ctx context.Context) int {
	n, _ := ctx.Value(number{}).(int)
	return n
}

// errFailed is what a failed start's requests are told.
func errFailed(err error) error { return fmt.Errorf("starting an instance: %w", err) }

// errNothing is the error of a Starter that returns neither instance nor error.
var errNothing = errors.New("the starter returned nothing")
