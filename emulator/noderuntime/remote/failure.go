package remote

import (
	"context"
	"io/fs"

	kind "testbed/emulator/internal/message"
	"testbed/emulator/internal/unixpeer"
	"testbed/emulator/noderuntime"
)

// kinds are the errors that callers tell apart.
var kinds = kind.Kinds{
	"not supported": noderuntime.ErrNotSupported,
	"no such node":  noderuntime.ErrNoSuchNode,
	"runs":          noderuntime.ErrRuns,
	"spec":          noderuntime.ErrSpec,
	"canceled":      context.Canceled,
	"deadline":      context.DeadlineExceeded,
	"peer":          unixpeer.ErrOther,
	"not exist":     fs.ErrNotExist,
}

// failure is an error that crosses the connection.
type failure = kind.Failure
