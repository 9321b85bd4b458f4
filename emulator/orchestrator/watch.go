package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/shell"
	"testbed/emulator/internal/sleep"
	"testbed/emulator/noderuntime"
)

// DiedError says that a node has died.
type DiedError struct{ Testbed, Node string }

func (e *DiedError) Error() string {
	return fmt.Sprintf("node %s of testbed %s has died: `testbed logs --name %s %s` shows why",
		e.Node, e.Testbed, shell.Quote(e.Testbed), shell.Quote(e.Node))
}

// Watch blocks until something of the testbed has died, which is an error that names it at once (a node: DiedError),
// or ctx ends, which is none. Nodes that are gone are not looked at. Reason may know why something has died.
func (b *Bed) Watch(ctx context.Context, gone ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	died, lost := make(chan error, 2), make(chan error, 1)
	if b.lost != nil {
		go func() { lost <- b.lost(ctx) }()
	}
	if w, ok := b.Fabric.(fabric.Watcher); ok {
		go func() { died <- w.Watch(ctx) }()
	}
	go func() { died <- b.watchNodes(ctx, gone) }()
	select {
	case err := <-lost:
		if ctx.Err() != nil {
			return nil
		}
		return err
	case err := <-died:
		if b.lost == nil || err == nil {
			return err
		}
		select { // with a machine much dies: that the machine is lost is the reason
		case machine := <-lost:
			return machine
		case <-time.After(lostTime):
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// lostTime is how much later than what dies with it a machine may be known to be lost.
const lostTime = 2 * time.Second

func (b *Bed) watchNodes(ctx context.Context, gone []string) error {
	nodes, watch := b.Journal.nodes(), noderuntime.WatchAlive
	if w, ok := b.Runtime.(noderuntime.Watcher); ok {
		watch = w.Watch
	} else {
		nodes = b.started()
	}
	nodes = slices.DeleteFunc(nodes, func(n noderuntime.Node) bool { return slices.Contains(gone, n.Node) })
	name, err := watch(ctx, nodes)
	if err != nil || ctx.Err() != nil {
		return err
	}
	return b.died(name)
}

// started are the nodes as they are known now: a restarted one as it runs.
func (b *Bed) started() []noderuntime.Node {
	nodes := make([]noderuntime.Node, 0, len(b.conditions))
	for _, c := range b.conditions {
		nodes = append(nodes, c.Node)
	}
	return nodes
}

func (b *Bed) died(node string) error {
	return &DiedError{b.Journal.Testbed, node}
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
