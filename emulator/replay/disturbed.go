package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/plan"
)

// Disturbed says what becomes of a chain of whose time the host may have added more than a share.
type Disturbed struct {
	// Share of its latency that the host may have added before a chain counts as disturbed, above 0; 0: DefaultShare.
	Share float64
	// Attempts that are made at most until one is not disturbed; less than 2: one. The last, or the first that is
	// not disturbed, is the chain; those before are kept beside it. It needs chains that nothing depends on: arrival
	// processes whose chains are alone.
	Attempts int
	// Fail ends the replay with the first chain that is disturbed.
	Fail bool
}

const (
	// DefaultShare is what counts as disturbed unless something else is wanted.
	DefaultShare = 0.05
	// DefaultAttempts is how often a chain is tried at most.
	DefaultAttempts = 4
)

// ErrDisturbed is the cause of a replay's end where a chain was disturbed and Disturbed.Fail is wanted.
var ErrDisturbed = errors.New("the host disturbed the measurement")

// disturbed says whether the host may have added more than the allowed share of an attempt's latency. One that has lost
// something is told as it is: another attempt would hide that.
func (d Disturbed) disturbed(o *outcome) bool {
	if o.result == nil || o.host == nil || o.err != nil || o.lost() {
		return false
	}
	return o.host.All > d.Share*o.result.Latency().Seconds()
}

// attempts carries out a chain until the host leaves it alone, or often enough. due is of the first attempt.
func (r *replay) attempts(ctx context.Context, m, i int, due time.Time) outcome {
	most := max(r.Disturbed.Attempts, 1)
	// Once more, it would find instances that the first had to wait for, and shift what a dispatcher picks afterwards.
	if p := r.Plans[m][i]; !r.Arrival.Alone() || p.Scaled() || p.Dispatch != nil {
		most = 1
	}
	for n := 1; ; n++ {
		spec := r.specs[m][i]
		if n > 1 { // what one attempt has left behind cannot be taken for the next one's
			other := *spec
			other.Key = fmt.Sprintf("%s/attempt-%d", spec.Key, n)
			spec, due = &other, time.Time{}
		}
		o := r.attempt(ctx, spec, due)
		o.attempt, o.disturbed = n, r.Disturbed.disturbed(&o)
		if o.disturbed && r.Disturbed.Fail {
			p := r.Plans[m][i]
			r.giveUp(fmt.Errorf("%w: chain %d of %s: the host may have added %.3g s of %.3g s", ErrDisturbed, p.Index, p.Model,
				o.host.All, o.result.Latency().Seconds()))
		}
		if !o.disturbed || n == most || ctx.Err() != nil {
			return o
		}
		o.superseded = true
		r.keep(m, r.Plans[m][i], o)
	}
}

// giveUp ends the replay.
func (r *replay) giveUp(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure == nil {
		r.failure = err
	}
	r.abort(err)
}

// watched carries out a chain, when it is due, while its nodes are watched over, and finds out what the host may have
// added. The watch begins before that, for it takes a while.
func (r *replay) watched(ctx context.Context, spec *faas.ChainSpec, due time.Time) (o outcome) {
	nodes := nodesOf(spec)
	r.lateness.watch(ctx, nodes, 1)
	o.result, o.late, o.err = r.begin(ctx, spec, due)
	o.at = time.Now()
	if o.result != nil && o.err == nil && ctx.Err() == nil {
		o.host = r.lateness.of(ctx, nodes, o.result.Start, o.result.End)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceToClean)
	defer cancel()
	r.lateness.watch(end, nodes, -1)
	return o
}

// keep hands an attempt that is repeated to the sink.
func (r *replay) keep(m int, p *plan.Plan, o outcome) {
	chain, steps := r.sample(p, o)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Models[m].Repeated++
	r.write(chain, steps)
}
