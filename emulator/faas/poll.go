package faas

import (
	"context"
	"errors"
	"time"
)

// replied is one of a replica's.
type replied[T any] struct {
	member int
	got    T
	err    error
}

// poll asks the first members at once, and others where one of these fails or does not answer in time; it returns when
// a majority has answered. Who was asked besides goes on for a while; late, if not nil, gets what that brings.
func poll[T any](ctx context.Context, r replicated, first int, ask func(ctx context.Context, m replica) (T, error),
	late func(T),
) (all []replied[T], err error) {
	going, cancel := context.WithCancel(r.context)
	stop := context.AfterFunc(ctx, cancel)
	answers, waiting := make(chan replied[T], len(r.members)), map[int]bool{}
	asked := 0
	more := func(n int) {
		for ; asked < min(n, len(r.members)); asked++ {
			i := asked
			waiting[i] = true
			go func() {
				got, err := ask(going, r.members[i])
				answers <- replied[T]{i, got, err}
			}()
		}
	}
	more(first)
	timer := time.NewTimer(hedge)
	defer timer.Stop()
	var errs []error
	for len(all) < r.quorum() && len(errs) <= len(r.members)-r.quorum() {
		select {
		case a := <-answers:
			delete(waiting, a.member)
			if a.err == nil {
				all = append(all, a)
				r.suspects.Delete(r.addresses[a.member])
				continue
			}
			if errs = append(errs, a.err); isNetwork(a.err) {
				r.suspects.Store(r.addresses[a.member], time.Now())
			}
			more(asked + 1)
		case <-timer.C:
			for i := range waiting {
				r.suspects.Store(r.addresses[i], time.Now())
			}
			more(len(r.members))
		}
	}
	if stop(); len(all) < r.quorum() {
		cancel()
		if err = errors.Join(errs...); ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}
	end := time.AfterFunc(r.limits.stall, cancel)
	rest := len(waiting)
	go func() {
		defer cancel()
		defer end.Stop()
		for range rest {
			if a := <-answers; a.err == nil && late != nil {
				late(a.got)
			}
		}
	}()
	return all, err
}
