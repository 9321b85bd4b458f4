package orchestrator

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"testbed/emulator/noderuntime"
)

// provers is how many nodes are asked at a time.
const provers = 8

// prove asks every agent for a sign of life at its control socket. The kernel says which process answers there, by
// the number that it has for this program: an engine's word, whose numbers may be those of another pid
// namespace, is held against it before anything enters a node.
func (b *Bed) prove(ctx context.Context, r Request, specs []noderuntime.Spec) error {
	if !r.Prove {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(provers)
	for _, s := range specs {
		if len(s.Args) == 0 {
			continue // without an agent; the runtime has proved that the process is the container's
		}
		group.Go(func() error {
			client := b.agent(s.Node)
			defer client.Close()
			if err := client.Health(ctx); err != nil {
				return fmt.Errorf("node %s does not prove to be the one that was started: %w", s.Node, err)
			}
			return nil
		})
	}
	return group.Wait()
}
