package remote

import (
	"context"

	crossing "testbed/emulator/internal/message"
	"testbed/emulator/noderuntime"
)

// kinds are the errors that callers tell apart.
var kinds = crossing.Kinds{
	"not supported": noderuntime.ErrNotSupported,
	"no such node":  noderuntime.ErrNoSuchNode,
	"runs":          noderuntime.ErrRuns,
	"spec":          noderuntime.ErrSpec,
	"canceled":      context.Canceled,
	"deadline":      context.DeadlineExceeded,
}
