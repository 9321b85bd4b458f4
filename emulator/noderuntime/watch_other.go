//go:build !linux

package noderuntime

import "context"

// WatchAlive has nothing to watch: nodes run on Linux only.
func WatchAlive(ctx context.Context, _ []Node) (died string, err error) {
	<-ctx.Done()
	return "", nil
}
