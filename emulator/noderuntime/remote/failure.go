package remote

import (
	"context"
	"io/fs"

	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/unixpeer"
	"testbed/emulator/noderuntime"
)

// kinds are the errors that callers tell apart.
var kinds = exchange.Kinds{
	"not supported": noderuntime.ErrNotSupported,
	"no such node":  noderuntime.ErrNoSuchNode,
	"runs":          noderuntime.ErrRuns,
	"spec":          noderuntime.ErrSpec,
	"canceled":      context.Canceled,
	"deadline":      context.DeadlineExceeded,
	"peer":          unixpeer.ErrOther,
	"not exist":     fs.ErrNotExist,
}
