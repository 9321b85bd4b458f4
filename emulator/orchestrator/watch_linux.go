package orchestrator

import (
	"context"
	"errors"
	"slices"
	"time"

	"testbed/emulator/internal/proc"
	"testbed/emulator/noderuntime"
)

// watchNodes holds on to the first process of every node: a look at all of them is then cheap, and none is
// taken for another.
func (b *Bed) watchNodes(ctx context.Context, gone []string) error {
	held := map[string]*proc.Process{}
	defer func() {
		for _, p := range held {
			p.Close()
		}
	}()
	for name, c := range b.conditions {
		if slices.Contains(gone, name) {
			continue
		}
		p, err := noderuntime.Hold(c.Node)
		if errors.Is(err, noderuntime.ErrNoSuchNode) {
			return b.died(name)
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
				return b.died(name)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
