//go:build !linux

package orchestrator

import "context"

// watchNodes has nothing to watch: testbeds run on Linux only.
func (b *Bed) watchNodes(ctx context.Context, _ []string) error {
	<-ctx.Done()
	return nil
}
