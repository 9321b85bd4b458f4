//go:build !linux

package docker

import (
	"context"

	"testbed/emulator/noderuntime"
)

// BoundDir has nothing to bound where there are no nodes.
func (*Runtime) BoundDir(context.Context, string) error { return noderuntime.ErrNotSupported }

// UnboundDirs has nothing to remove.
func (*Runtime) UnboundDirs(context.Context, string) error { return nil }
