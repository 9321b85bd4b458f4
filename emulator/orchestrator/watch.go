package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/shell"
	"testbed/emulator/internal/sleep"
	"testbed/emulator/noderuntime"
)

// nodeCheck is how often Watch looks at the nodes.
const nodeCheck = time.Second

// Watch blocks until something of the testbed has died, which is an error that names it at once, or ctx ends, which
// is none. Reason may know why it has.
func (b *Bed) Watch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	died := make(chan error, 2)
	if w, ok := b.Fabric.(fabric.Watcher); ok {
		go func() { died <- w.Watch(ctx) }()
	}
	go func() {
		if w, ok := b.Runtime.(noderuntime.Watcher); ok {
			died <- b.watchBy(ctx, w)
			return
		}
		died <- b.watchNodes(ctx)
	}()
	return <-died
}

func (b *Bed) watchBy(ctx context.Context, w noderuntime.Watcher) error {
	name, err := w.Watch(ctx, b.Journal.nodes())
	if err != nil || ctx.Err() != nil {
		return err
	}
	return b.died(name)
}

func (b *Bed) died(node string) error {
	bed := b.Journal.Testbed
	return fmt.Errorf("node %s of testbed %s has died: `testbed logs --name %s %s` shows why",
		node, bed, shell.Quote(bed), shell.Quote(node))
}

// downTime is how long `down` may take from the first death to the end of the record.
const downTime = 10 * time.Second

// Reason is why something of the testbed has died or does not answer any more: that somebody takes it down, which
// goes on for a moment and is waited for, is a better one than died, which it returns otherwise.
func (b *Bed) Reason(ctx context.Context, died error) error {
	deadline := time.Now().Add(downTime)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		release, err := b.store.lock(expired, b.Journal.Testbed)
		if err == nil { // nobody is at work on it any more
			release()
			break
		}
		_ = sleep.Until(ctx, time.Now().Add(lockPoll))
	}
	if err := b.current(); errors.Is(err, ErrNotRunning) {
		return err
	}
	return died
}

// expired ends at once: who locks with it does not wait.
var expired = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
