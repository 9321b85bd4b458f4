package several

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"testbed/emulator/noderuntime"
)

// undoing bounds the removal of what a failed Start had started on other machines.
const undoing = time.Minute

// Start starts nodes on the machines that Spec.Machine names. Where one machine fails, the others are called off, and
// what was started on any is removed. Of a machine that was lost meanwhile it is not known what was started there.
func (r *Runtime) Start(
	ctx context.Context, specs []noderuntime.Spec, progress func(int),
) ([]noderuntime.Node, error) {
	places, err := split(r, specs, func(s *noderuntime.Spec) (*string, string) { return &s.Machine, s.Node })
	if err != nil {
		return nil, err
	}
	calling, callOff := context.WithCancelCause(ctx)
	defer callOff(nil)
	ready := newTally(len(r.machines), progress)
	started := make([][]noderuntime.Node, len(r.machines))
	err = r.each(func(i int, m noderuntime.Made) (err error) {
		if len(places[i].list) == 0 {
			return nil
		}
		started[i], err = m.Start(calling, places[i].list, func(n int) { ready.set(i, n) })
		if err == nil {
			r.own(i, started[i])
			return nil
		}
		started[i] = nil // it has removed them
		off := errors.Is(context.Cause(calling), errCalledOff)
		if off && (errors.Is(err, errCalledOff) || errors.Is(err, context.Canceled)) {
			return nil // what for is said by another
		}
		callOff(errCalledOff)
		return err
	})
	if err == nil {
		all := make([]noderuntime.Node, len(specs))
		for i, p := range places {
			for k, in := range p.in {
				all[in] = started[i][k]
			}
		}
		return all, nil
	}
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoing)
	defer cancel()
	return nil, errors.Join(err, r.Stop(clean, slices.Concat(started...)))
}

// errCalledOff ends what other machines start once one has failed.
var errCalledOff = errors.New("another machine has failed")

// tally adds up how many nodes of each machine are ready.
type tally struct {
	mu       sync.Mutex
	ready    []int
	progress func(int)
}

func newTally(machines int, progress func(int)) *tally {
	return &tally{ready: make([]int, machines), progress: progress}
}

func (t *tally) set(machine, ready int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ready[machine] = ready
	sum := 0
	for _, n := range t.ready {
		sum += n
	}
	if t.progress != nil {
		t.progress(sum)
	}
}
