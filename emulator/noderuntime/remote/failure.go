package remote

import (
	"context"
	"io/fs"

	"testbed/emulator/internal/peer"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
)

// kinds are the errors that callers tell apart.
var kinds = control.Kinds{
	"not supported": noderuntime.ErrNotSupported,
	"no such node":  noderuntime.ErrNoSuchNode,
	"runs":          noderuntime.ErrRuns,
	"spec":          noderuntime.ErrSpec,
	"canceled":      context.Canceled,
	"deadline":      context.DeadlineExceeded,
	"peer":          peer.ErrOther,
	"not exist":     fs.ErrNotExist,
}
