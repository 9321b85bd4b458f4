package faas

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// maxRetries is how often one write of a state is repeated. Every refusal is another invocation's success, so that a
// job of n tasks that use the state needs less than n.
const maxRetries = 10_000

// commit writes a changed state back to where it was fetched from, until it is accepted: versions are optimistic.
// Where another invocation has written in between, the state is read again, again computes the function on it, and it
// is written again. The span is from the first attempt's begin to the last one's end; *v is released by the caller. It
// fails with errConflict where maxRetries do not suffice, and where nobody has written since the state was read again:
// what is written then is at fault.
func (a *Agent) commit(ctx context.Context, repository, key string, v *value, again func() error) (
	whole span, retries int, err error,
) {
	size, last := int64(len(v.content.data)), int64(-1)
	for {
		took, err := a.store(ctx, repository, key, *v)
		if whole.start == 0 {
			whole.start = took.start
		}
		whole.end, whole.remote = took.end, took.remote
		if !errors.Is(err, errConflict) {
			return whole, retries, err
		}
		if retries == maxRetries {
			return whole, retries, fmt.Errorf("it was refused %d times: %w", retries+1, err)
		}
		retries++
		a.counts.retries.Add(1)
		v.content.release()
		if *v, _, err = a.fetch(ctx, repository, key, size); err != nil {
			return whole, retries, fmt.Errorf("reading it again: %w", err)
		}
		if v.version <= last && !strings.Contains(repository, between) {
			return whole, retries, fmt.Errorf("it was refused, and is still of version %d: %w", last, errConflict)
		}
		last = v.version
		if err := again(); err != nil {
			return whole, retries, fmt.Errorf("computing again: %w", err)
		}
	}
}

// commitLocal commits the states that this node keeps and other invocations change at the same time.
func (e *execution) commitLocal(ctx context.Context) error {
	for i := range e.call.states {
		if !e.call.states[i].contested {
			continue
		}
		_, retries, err := e.commit(ctx, "", e.call.stateKey(i), &e.read[i], e.again(ctx, i))
		e.reply.count(0, retries)
		if err != nil {
			return fmt.Errorf("writing %s: %w", e.call.stateKey(i), err)
		}
	}
	return nil
}

// again computes the function once more, for one of its states.
func (e *execution) again(ctx context.Context, i int) func() error {
	return func() error { return e.run(ctx, func() error { return e.changeRead(i) }) }
}
