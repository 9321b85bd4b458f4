package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/internal/sleep"
	"testbed/emulator/plan"
	"testbed/emulator/record"
)

// outcome is what became of one chain.
type outcome struct {
	result *faas.ChainResult // nil: it did not get that far
	checks []faas.StateCheck
	late   time.Duration
	at     time.Time // wall clock when it ended
	err    error
	cut    bool // interrupted

	writesLost int64 // that were acknowledged: states have not got them any more

	host       *record.HostLate // nil: not known
	attempt    int              // from 1
	disturbed  bool
	superseded bool // it is repeated
}

// lost says whether states have not got what they should have.
func (o *outcome) lost() bool {
	return o.writesLost > 0 || slices.ContainsFunc(o.checks, func(c faas.StateCheck) bool { return c.Err() != nil })
}

// chain carries out one chain: seed, wait for its time, run, check, clean, record.
func (r *replay) chain(ctx context.Context, m, i int, due time.Time) {
	r.enter(m)
	o := r.attempts(ctx, m, i, due)
	if o.err != nil && ctx.Err() != nil {
		o.cut = true // nobody knows what it would have come to
	}
	r.finish(m, r.Plans[m][i], o)
}

func (r *replay) attempt(ctx context.Context, spec *faas.ChainSpec, due time.Time) (o outcome) {
	defer func() {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceToClean)
		defer cancel()
		if err := faas.Clean(clean, spec, r.Clients); err != nil && ctx.Err() == nil {
			o.err = errors.Join(o.err, fmt.Errorf("cleaning up: %w", err))
		}
	}()
	if err := faas.Seed(ctx, spec, r.Clients); err != nil {
		return outcome{err: fmt.Errorf("seeding: %w", err), at: time.Now()}
	}
	if err := r.anew(ctx, spec); err != nil {
		return outcome{err: fmt.Errorf("opening connections: %w", err), at: time.Now()}
	}
	o = r.watched(ctx, spec, due)
	if ctx.Err() != nil {
		o.err = errors.Join(o.err, context.Cause(ctx))
		return o
	}
	if o.err == nil && o.result.Error != "" {
		o.err = errors.New(o.result.Error)
	}
	checks, err := faas.Check(ctx, spec, r.Clients)
	lasting, gone, failed := r.lasting.check(ctx, spec, o.err != nil, r.Clients)
	o.writesLost = gone + writesLost(spec, o.result, checks, o.err != nil)
	o.checks = append(checks, lasting...)
	if err := errors.Join(err, failed); err != nil {
		o.err = errors.Join(o.err, fmt.Errorf("checking states: %w", err))
	}
	return o
}

// begin waits until a chain is due, and carries it out. late is how long after that it was begun.
func (r *replay) begin(ctx context.Context, spec *faas.ChainSpec, due time.Time,
) (result *faas.ChainResult, late time.Duration, err error) {
	if !due.IsZero() {
		if !sleep.Until(ctx, due) {
			return nil, 0, context.Cause(ctx)
		}
		late = max(time.Since(due), 0)
	}
	limited, cancel := context.WithTimeoutCause(ctx, r.Timeout, fmt.Errorf("not finished after %v", r.Timeout))
	defer cancel()
	r.lasting.begin(spec)
	result, err = faas.Run(limited, spec, r.Clients)
	if err != nil && limited.Err() != nil {
		err = context.Cause(limited)
	}
	if result != nil && !due.IsZero() { // it begins when its client does, which may have had to wait for that
		began := r.lateness.instant(spec.Client, result.Start)
		late = max(late, min(began.Sub(due), time.Since(due)))
	}
	return result, late, err
}

func (r *replay) enter(m int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight++
	r.summary.Models[m].MaxInFlight = max(r.summary.Models[m].MaxInFlight, r.inFlight)
}

// finish counts a chain, hands it to the sink and reports progress.
func (r *replay) finish(m int, p *plan.Plan, o outcome) {
	var chain record.Chain
	var steps []record.Step
	if !o.cut {
		chain, steps = r.sample(p, o)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight--
	if o.cut {
		return
	}
	s := &r.summary.Models[m]
	switch {
	case o.err != nil:
		s.Failed++
	case chain.Lost > 0:
		s.Lost++
	default:
		s.Done++
	}
	s.started(chain.Late)
	s.Conflicts += chain.Conflicts
	s.Cold += chain.Cold
	s.Retries += chain.Retries
	s.Starts += chain.Starts
	s.StatesLost += chain.Lost
	s.WritesLost += o.writesLost
	if o.disturbed {
		s.Disturbed++
	}
	if o.host == nil && o.err == nil {
		s.Unwatched++
	}
	if chain.Error != "" && len(r.summary.Errors) < errorsKept {
		r.summary.Errors = append(r.summary.Errors, fmt.Sprintf("%s, job %s: %s", p.Model, p.Job, chain.Error))
	}
	r.write(chain, steps)
	r.progress()
}

// write hands samples to the sink. The caller holds mu.
func (r *replay) write(chain record.Chain, steps []record.Step) {
	if err := r.Sink.Write(chain, steps); err != nil && r.failure == nil {
		r.failure = err
		r.abort(err) // measuring what cannot be kept is no use
	}
}

// progress tells how far the replay has got. The caller holds mu.
func (r *replay) progress() {
	if r.Progress == nil {
		return
	}
	var p Progress
	for _, m := range r.summary.Models {
		p.Models = append(p.Models, m.ModelCounts)
		p.Total += m.Planned
		p.Failed += m.Failed + m.Lost
		p.Done += m.Done + m.Failed + m.Lost
	}
	r.Progress(p)
}
