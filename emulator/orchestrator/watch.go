package orchestrator

import (
	"context"
	"fmt"
	"os"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/shell"
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

func (t *Testbed) watchNodes(ctx context.Context) error {
	ticker := time.NewTicker(nodeCheck)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for _, n := range t.nodes {
			if _, err := os.Stat(n.NetNS); err != nil {
				return fmt.Errorf("node %s of testbed %s has died: `testbed logs --name %s %s` shows why", n.Node, n.Testbed, shell.Quote(n.Testbed), shell.Quote(n.Node))
			}
		}
	}
}
