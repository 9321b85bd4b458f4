package faas

import (
	"context"
	"errors"
	"fmt"

	"testbed/emulator/plan"
)

// written is a state that is to be written where it still has the expected version.
type written struct {
	key      string
	expected int64
	next     value // its holder's
}

// bundler is a repository that takes several states together: all of them, or none.
type bundler interface {
	// putAll writes states, one message for each. id names the bundle, as a state's key does a state. It wraps errConflict
	// where one has another version than is expected.
	putAll(ctx context.Context, id string, all []written) ([]span, error)
}

// written are the states as the function has left them.
func (t *programTurn) written() []written {
	all := make([]written, len(t.states))
	for i := range t.states {
		all[i] = written{t.call.stateKey(i), t.states[i].version, t.states[i].next}
	}
	return all
}

// commit writes the states back to their repository, if they have one, until they are accepted. The first write lasts
// from the first attempt's begin, and what is done in between is part of it.
func (t *programTurn) commit(ctx context.Context) error {
	if len(t.states) == 0 || t.call.states[0].location != plan.Repository {
		return nil
	}
	begin, last := int64(0), int64(-1)
	for retries := 0; ; retries++ {
		if retries > 0 {
			for i := range t.states {
				if _, err := t.fetch(ctx, i); err != nil {
					return fmt.Errorf("again: %w", err)
				}
			}
			if err := t.behind(retries, &last); err != nil {
				return fmt.Errorf("writing: %w", err)
			}
			if err := t.work(ctx); err != nil {
				return err
			}
		}
		spans, err := t.store(ctx)
		if begin == 0 && len(spans) > 0 {
			begin = spans[0].start
		}
		if errors.Is(err, errConflict) {
			continue
		} else if err != nil {
			return fmt.Errorf("writing %s: %w", t.call.stateKey(0), err)
		}
		spans[0].start = begin
		for _, s := range spans {
			t.reply.times = append(t.reply.times, s.start, s.end, s.remote)
		}
		t.reply.count(1, retries)
		return nil
	}
}

// store writes all states once.
func (t *programTurn) store(ctx context.Context) ([]span, error) {
	all, address := t.written(), t.call.states[0].repository
	if len(all) == 1 {
		took, err := t.Agent.store(ctx, address, all[0].key, all[0].next)
		return []span{took}, err
	}
	repository, able := t.repositoryAt(address).(bundler)
	if !able {
		return nil, fmt.Errorf("function %s uses %d states, and this repository cannot write several as one transaction: "+
			"give the function one state, with several keys", t.call.function, len(all))
	}
	return repository.putAll(ctx, stateKey(t.call.key, t.call.task), all)
}

func (o ownStates) putAll(_ context.Context, _ string, all []written) ([]span, error) {
	spans := make([]span, len(all))
	start := o.clock.moment()
	err := o.states.putAll(all)
	if errors.Is(err, errConflict) {
		o.counts.conflicts.Add(1)
	}
	end := o.clock.moment()
	for i := range spans {
		spans[i] = span{start: start, end: end}
		start = end // they are written together; the first has what that takes
	}
	return spans, err
}

func (s agentStates) putAll(ctx context.Context, id string, all []written) ([]span, error) {
	spans := make([]span, 0, len(all))
	for i, one := range all {
		took := span{start: s.clock.moment()}
		err := s.putBundled(ctx, bundlePart{id, i + 1, len(all)}, one, &took.remote)
		took.end = s.clock.moment()
		if spans = append(spans, took); err != nil {
			return spans, err
		}
	}
	return spans, nil
}
