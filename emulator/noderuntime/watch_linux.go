package noderuntime

import (
	"context"
	"errors"
	"time"

	"testbed/emulator/internal/proc"
)

// nodeCheck is how often WatchAlive looks at nodes.
const nodeCheck = time.Second

// WatchAlive is what Watcher.Watch is for nodes of this host: it holds on to the first process of every node, so that a
// look at all of them is cheap, and none is taken for another.
func WatchAlive(ctx context.Context, nodes []Node) (died string, err error) {
	held := map[string]*proc.Process{}
	defer func() {
		for _, p := range held {
			p.Close()
		}
	}()
	for _, n := range nodes {
		p, err := Hold(n)
		if errors.Is(err, ErrNoSuchNode) {
			return n.Node, nil
		}
		if err != nil {
			return "", err
		}
		held[n.Node] = p
	}
	ticker := time.NewTicker(nodeCheck)
	defer ticker.Stop()
	for {
		for name, p := range held {
			if !p.Alive() {
				return name, nil
			}
		}
		select {
		case <-ctx.Done():
			return "", nil
		case <-ticker.C:
		}
	}
}
