package orchestrator

import (
	"context"
	"time"

	"testbed/emulator/fabric"
)

// nodeCheck is how often Watch looks at the nodes.
const nodeCheck = time.Second

// Watch blocks until something of the testbed has died, which is an error that names it, or ctx ends, which
// is none.
func (t *Testbed) Watch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	died := make(chan error, 2)
	if w, ok := t.Fabric.(fabric.Watcher); ok {
		go func() { died <- w.Watch(ctx) }()
	}
	go func() { died <- t.watchNodes(ctx) }()
	return <-died
}
