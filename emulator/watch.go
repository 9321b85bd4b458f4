package emulator

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/live"
	"testbed/emulator/orchestrator"
)

// Watcher looks at a testbed for those who watch it, also once it is down: it keeps what it has seen last. Its
// methods may be called at the same time.
type Watcher struct {
	host *Host
	name string
	run  string // bringing up that is watched

	mu   sync.Mutex
	last View
	at   time.Time // of last
}

// fresh is for how long what was seen is given to all who ask.
const fresh = 250 * time.Millisecond

// View is what is to be seen of a testbed.
type View struct {
	Name     string
	Network  fabric.Network // in force, with what events lay over it
	Drawing  string         // changes with the network
	Gone     string         // why it is up no more; empty: it is up
	Problems []string       // as of Host.Status
	Run      *live.Status   // the run on it, or the last one; nil: there was none
}

// NewWatcher watches a testbed that is up.
func (h *Host) NewWatcher(ctx context.Context, name string) (*Watcher, error) {
	b, err := h.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	w := &Watcher{host: h, name: b.Journal.Testbed, run: b.Journal.Run, last: View{Name: b.Journal.Testbed}}
	return w, w.look(ctx)
}

// Look is the testbed now or, where that is not up any more, as it was seen last.
func (w *Watcher) Look(ctx context.Context) (View, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.at) < fresh {
		return w.last, nil
	}
	err := w.look(ctx)
	if err == nil {
		w.at = time.Now()
	}
	return w.last, err
}

// Follow looks once a second until ctx ends, so that what is seen last is hardly older than that.
func (w *Watcher) Follow(ctx context.Context) {
	for ticker := time.NewTicker(time.Second); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_, _ = w.Look(ctx) // who asks is told the reason
		}
	}
}

// gone says that the testbed is up no more, and with it the run on it.
func (w *Watcher) gone(why string) {
	w.last.Gone = fmt.Sprintf("the testbed %s is down%s", w.name, why)
	if run := w.last.Run; run != nil && !run.Ended {
		ended := *run
		ended.Ended, ended.Phase = true, "ended with the testbed"
		w.last.Run = &ended
	}
}

// look takes down what is to be seen.
func (w *Watcher) look(ctx context.Context) error {
	b, err := w.host.Open(ctx, w.name)
	switch {
	case errors.Is(err, orchestrator.ErrNotRunning):
		w.gone("")
		return nil
	case err != nil:
		return err
	case b.Journal.Run != w.run:
		w.gone(", and another one of its name is up")
		return nil
	}
	if run, err := live.Read(b.LiveFile()); err == nil {
		w.last.Run = run
	}
	n, err := b.Wanted()
	if errors.Is(err, orchestrator.ErrNotRunning) {
		w.gone("") // meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	sum := fnv.New64a()
	if err := n.Encode(sum); err != nil {
		return err
	}
	w.last.Network, w.last.Drawing = n, fmt.Sprintf("%x", sum.Sum64())
	w.last.Problems = slices.Clone(w.host.Status(ctx, w.name).Problems)
	return nil
}
