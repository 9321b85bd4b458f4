package instance

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestPoolRandomly holds what must hold in any schedule: never more instances than Max, never more requests in one than
// Concurrency, every request served or failed, and nothing left in the end.
func TestPoolRandomly(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) { randomly(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

func randomly(t *testing.T, r *rand.Rand) {
	l := Limits{Max: 1 + r.IntN(5), Concurrency: 1 + r.IntN(3), KeepAlive: second(r.IntN(20))}
	l.Min = r.IntN(l.Max + 1)
	crash, refuse := r.IntN(3) == 0, r.IntN(3) == 0
	f := &fleet{
		took: func(n int) time.Duration { return time.Duration(n*7919%5000) * time.Millisecond },
		fail: func(n int) bool { return refuse && n%5 == 4 },
	}
	p := newTestPool(t, l, f)
	var work sync.WaitGroup
	var served, failed, left atomic.Int64
	const requests = 60
	for range requests {
		time.Sleep(time.Duration(1+r.IntN(2500)) * time.Millisecond)
		ctx, cancel := context.WithCancel(t.Context())
		if r.IntN(10) == 0 {
			time.AfterFunc(second(1+r.IntN(4)), cancel)
		}
		hold, dies := time.Duration(r.IntN(9000))*time.Millisecond, crash && r.IntN(6) == 0
		work.Go(func() {
			defer cancel()
			begun := time.Now()
			lease, err := p.Acquire(ctx)
			switch {
			case errors.Is(err, errStart):
				failed.Add(1)
				return
			case errors.Is(err, context.Canceled):
				left.Add(1)
				return
			case err != nil:
				t.Error(err)
				return
			}
			if took := time.Since(begun); took != lease.Waited+lease.Started || lease.Started < 0 || lease.Waited < 0 {
				t.Errorf("waited %v, the lease says %v and %v", took, lease.Waited, lease.Started)
			}
			m := lease.Instance.(*member)
			if busy := m.busy.Add(1); int(busy) > l.Concurrency {
				t.Errorf("%d requests at a time in an instance, at most %d are allowed", busy, l.Concurrency)
			}
			time.Sleep(hold)
			m.busy.Add(-1)
			if dies {
				m.die()
			}
			lease.Release()
			lease.Release() // once is enough
			served.Add(1)
		})
	}
	work.Wait()
	if sum := served.Load() + failed.Load() + left.Load(); sum != requests || served.Load() == 0 {
		t.Errorf("%d served, %d failed and %d left, of %d", served.Load(), failed.Load(), left.Load(), requests)
	}
	time.Sleep(l.KeepAlive + second(10))
	if s := p.Stats(); s.Ready > l.Min || s.Waiting != 0 || s.Busy != 0 || s.Starting != 0 {
		t.Errorf("after keep-alive: %+v of %+v", s, l)
	}
	p.Close()
	if n := f.current.Load(); n != 0 {
		t.Errorf("%d instances are left", n)
	}
	for _, m := range f.all {
		m.stoppedOnce()
	}
}

func TestPoolStartsFromZeroAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{took: func(int) time.Duration { return second(2) }}
		p := newTestPool(t, Limits{Max: 3, Concurrency: 1, KeepAlive: second(30)}, f)
		defer p.Close()
		cold := acquire(t, p)
		if cold.Started != second(2) || cold.Waited != 0 {
			t.Errorf("cold: waited %v, started %v", cold.Waited, cold.Started)
		}
		cold.Release()
		time.Sleep(second(29))
		warm := acquire(t, p)
		if warm.Started != 0 || warm.Waited != 0 || warm.Instance != cold.Instance {
			t.Errorf("warm: %+v", warm)
		}
		warm.Release()
		time.Sleep(second(30))
		synctest.Wait()
		if s := p.Stats(); s.Ready != 0 || s.Stopped != 1 || f.current.Load() != 0 {
			t.Errorf("after keep-alive: %+v", s)
		}
		again := acquire(t, p)
		again.Release()
		if again.Started != second(2) {
			t.Errorf("cold again: started %v", again.Started)
		}
	})
}

// TestPoolBindsLate: who waits for a start takes a slot that becomes free earlier, and the instance that starts is warm
// for the next.
func TestPoolBindsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{took: func(int) time.Duration { return second(5) }}
		p := newTestPool(t, Limits{Max: 2, Concurrency: 1, KeepAlive: second(100)}, f)
		defer p.Close()
		first := acquire(t, p)
		time.AfterFunc(second(1), first.Release)
		second1 := acquire(t, p)
		if second1.Instance != first.Instance || second1.Waited != second(1) || second1.Started != 0 {
			t.Errorf("it was served by another: waited %v, started %v", second1.Waited, second1.Started)
		}
		time.Sleep(second(4))
		if third := acquire(t, p); third.Instance == first.Instance || third.Waited+third.Started != 0 {
			t.Errorf("the started one is not warm: waited %v, started %v", third.Waited, third.Started)
		}
	})
}

func TestPoolUsesTheMostRecent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Limits{Max: 3, Concurrency: 1, KeepAlive: second(60)}, &fleet{})
		defer p.Close()
		a, b, c := acquire(t, p), acquire(t, p), acquire(t, p)
		for _, l := range []*Lease{c, a, b} {
			time.Sleep(second(1))
			l.Release()
		}
		for range 58 {
			l := acquire(t, p)
			if l.Instance != b.Instance {
				t.Fatal("not the one most recently used")
			}
			time.Sleep(second(1))
			l.Release()
		}
		synctest.Wait()
		if s := p.Stats(); s.Ready != 2 { // c has ended, after 60 s; a is about to
			t.Errorf("%+v", s)
		}
	})
}

func TestPoolQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Limits{Max: 1, Concurrency: 1, KeepAlive: second(1), Queue: 2}, &fleet{})
		held := acquire(t, p)
		errs := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := p.Acquire(t.Context())
				errs <- err
			}()
		}
		synctest.Wait()
		if _, err := p.Acquire(t.Context()); !errors.Is(err, ErrFull) {
			t.Errorf("a third may queue: %v", err)
		}
		p.Close()
		for range 2 {
			if err := <-errs; !errors.Is(err, ErrClosed) {
				t.Errorf("who waits is told %v", err)
			}
		}
		held.Release()
		if _, err := p.Acquire(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

func TestPoolKeepsMin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{took: func(int) time.Duration { return second(3) }}
		p := newTestPool(t, Limits{Min: 2, Max: 4, Concurrency: 1}, f)
		defer p.Close()
		if err := p.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
		a := acquire(t, p)
		if a.Started+a.Waited != 0 {
			t.Errorf("not warm: %+v", a)
		}
		a.Instance.(*member).die() // it is replaced
		a.Release()
		time.Sleep(second(3))
		synctest.Wait()
		if s := p.Stats(); s.Ready != 2 || s.Starts != 3 || s.Gone != 1 {
			t.Errorf("%+v", s)
		}
		a.Instance.(*member).stoppedOnce() // now, and not when the pool is closed
		f.mu.Lock()
		idle := f.all[2]
		f.mu.Unlock()
		idle.die() // it has served nobody: the next request finds one less, and has it replaced
		time.Sleep(second(10))
		if s := p.Stats(); s.Ready != 1 || s.Starts != 3 || s.Gone != 2 {
			t.Errorf("what ends at once was replaced: %+v", s)
		}
		acquire(t, p).Release()
		time.Sleep(second(3))
		synctest.Wait()
		if s := p.Stats(); s.Ready != 2 || s.Starts != 4 {
			t.Errorf("it was not replaced: %+v", s)
		}
	})
}

func TestWarmTellsOfAFailedStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{fail: func(int) bool { return true }}
		p := newTestPool(t, Limits{Min: 1, Max: 1, Concurrency: 1}, f)
		defer p.Close()
		if err := p.Warm(t.Context()); !errors.Is(err, errStart) {
			t.Errorf("%v", err)
		}
		time.Sleep(time.Hour)
		if n := f.begun.Load(); n != 1 {
			t.Errorf("%d starts of what does not start", n)
		}
	})
}

func TestDrawnTakesNoTimeForThoseOfBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := Drawn{Warm: 1, Took: func(n int) time.Duration { return second(1 + n) }}
		p, err := NewPool(Limits{Min: 1, Max: 3, Concurrency: 1}, d)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
		for n, want := range []time.Duration{0, second(1), second(2)} {
			if l := acquire(t, p); l.Started != want {
				t.Errorf("start %d took %v, not %v", n, l.Started, want)
			}
		}
	})
}

func TestLimitsAreValidated(t *testing.T) {
	good := Limits{Max: 1, Concurrency: 1}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, l := range []Limits{
		{Concurrency: 1}, {Max: 1}, {Min: 2, Max: 1, Concurrency: 1}, {Min: -1, Max: 1, Concurrency: 1},
		{Max: 1, Concurrency: 1, KeepAlive: -1}, {Max: 1, Concurrency: 1, Queue: -1},
		{Max: MostInstances + 1, Concurrency: 1}, {Max: 1, Concurrency: MostConcurrency + 1},
	} {
		if _, err := NewPool(l, Drawn{}); err == nil {
			t.Errorf("%+v is accepted", l)
		}
	}
}
