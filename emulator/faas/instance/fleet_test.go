package instance

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fleet is a Starter that counts what it has, and fails where it is told to.
type fleet struct {
	t       *testing.T
	took    func(n int) time.Duration
	fail    func(n int) bool
	max     int
	current atomic.Int64
	begun   atomic.Int64

	mu  sync.Mutex
	all []*member
}

type member struct {
	fleet *fleet
	busy  atomic.Int64
	stops atomic.Int64
	gone  chan struct{}
	once  sync.Once
}

var errStart = errors.New("no such program")

func (f *fleet) Start(ctx context.Context) (Instance, error) {
	n := Number(ctx)
	f.begun.Add(1)
	if now := f.current.Add(1); int(now) > f.max {
		f.t.Errorf("%d instances at a time, at most %d are allowed", now, f.max)
	}
	if f.took != nil {
		select {
		case <-time.After(f.took(n)):
		case <-ctx.Done():
			f.current.Add(-1)
			return nil, ctx.Err()
		}
	}
	if f.fail != nil && f.fail(n) {
		f.current.Add(-1)
		return nil, errStart
	}
	m := &member{fleet: f, gone: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, m)
	return m, nil
}

// die ends the instance by itself.
func (m *member) die() {
	m.once.Do(func() {
		m.fleet.current.Add(-1)
		close(m.gone)
	})
}

func (m *member) Stop() {
	m.stops.Add(1)
	m.die()
}

func (m *member) Gone() <-chan struct{} { return m.gone }

// stoppedOnce holds that it was stopped, and only once: also one that ended by itself leaves something behind.
func (m *member) stoppedOnce() {
	m.fleet.t.Helper()
	if n := m.stops.Load(); n != 1 {
		m.fleet.t.Errorf("an instance was stopped %d times", n)
	}
}

func newTestPool(t *testing.T, l Limits, f *fleet) *Pool {
	f.t, f.max = t, l.Max
	p, err := NewPool(l, f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func second(n int) time.Duration { return time.Duration(n) * time.Second }

func acquire(t *testing.T, p *Pool) *Lease {
	t.Helper()
	l, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}
