package remote

import (
	"context"

	"testbed/emulator/noderuntime"
)

// Watch blocks until a node does not run any more, the machine's agent is lost, or ctx ends.
func (r *Runtime) Watch(ctx context.Context, nodes []noderuntime.Node) (died string, err error) {
	done, err := r.do(ctx, request{Op: opWatch, Nodes: nodes}, local{})
	if ctx.Err() != nil {
		return "", nil
	}
	return done.Text, err
}

// watch watches nodes of the machine.
func (o operation) watch(ctx context.Context) (died string, err error) {
	if w, ok := o.made.Runtime.(noderuntime.Watcher); ok {
		return w.Watch(ctx, o.Nodes)
	}
	return noderuntime.WatchAlive(ctx, o.Nodes)
}
