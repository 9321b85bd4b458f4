package remote

import (
	"context"
	"errors"
	"slices"
	"sync"

	"testbed/emulator/noderuntime"
)

// errRemoved is what a start of nodes is called off for that are removed meanwhile.
var errRemoved = errors.New("the testbed is taken down")

// starts are those of a machine's nodes that are under way. Whoever takes a testbed down whose controller was killed a
// moment ago finds them: what the engine was still asked for would come after all else has gone.
type starts struct {
	mu    sync.Mutex
	under []*underWay
}

// underWay is one start.
type underWay struct {
	testbeds []string
	cancel   context.CancelCauseFunc
	over     chan struct{}
}

// begin says that a start begins. It ends with the context that is returned, and is over when done has been called.
func (s *starts) begin(ctx context.Context, specs []noderuntime.Spec) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	u := &underWay{cancel: cancel, over: make(chan struct{})}
	for _, spec := range specs {
		if !slices.Contains(u.testbeds, spec.Testbed) {
			u.testbeds = append(u.testbeds, spec.Testbed)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.under = append(s.under, u)
	return ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.under = slices.DeleteFunc(s.under, func(other *underWay) bool { return other == u })
		cancel(nil)
		close(u.over)
	}
}

// end calls off what is under way of a testbed, and returns when it is over, or ctx is.
func (s *starts) end(ctx context.Context, testbed string) error {
	s.mu.Lock()
	all := slices.Clone(s.under)
	s.mu.Unlock()
	all = slices.DeleteFunc(all, func(u *underWay) bool { return !slices.Contains(u.testbeds, testbed) })
	for _, u := range all {
		u.cancel(errRemoved)
	}
	for _, u := range all {
		select {
		case <-u.over:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
