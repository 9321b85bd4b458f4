package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/shell"
	"testbed/emulator/noderuntime"
)

// watchNodes holds on to the first process of every node: a look at all of them is then cheap, and none is
// taken for another.
func (t *Testbed) watchNodes(ctx context.Context) error {
	held := map[string]*proc.Process{}
	defer func() {
		for _, p := range held {
			p.Close()
		}
	}()
	for name, n := range t.nodes {
		p, err := noderuntime.Hold(n)
		if errors.Is(err, noderuntime.ErrNoSuchNode) {
			return t.died(name)
		}
		if err != nil {
			return err
		}
		held[name] = p
	}
	ticker := time.NewTicker(nodeCheck)
	defer ticker.Stop()
	for {
		for name, p := range held {
			if !p.Alive() {
				return t.died(name)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (t *Testbed) died(node string) error {
	bed := t.Journal.Testbed
	return fmt.Errorf("node %s of testbed %s has died: `testbed logs --name %s %s` shows why", node, bed, shell.Quote(bed), shell.Quote(node))
}
