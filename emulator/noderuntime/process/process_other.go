//go:build !linux

package process

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"testbed/emulator/noderuntime"
)

func unsupported() error {
	return fmt.Errorf("nodes as processes need Linux's namespaces, which %s has not: %w",
		runtime.GOOS, noderuntime.ErrNotSupported)
}

// Init returns an error that wraps noderuntime.ErrNotSupported.
func Init([]string) ([]string, error) { return nil, unsupported() }

// Supported returns an error that wraps noderuntime.ErrNotSupported.
func (*Runtime) Supported(context.Context) error { return unsupported() }

// Start returns an error that wraps noderuntime.ErrNotSupported.
func (*Runtime) Start(context.Context, []noderuntime.Spec, func(int)) ([]noderuntime.Node, error) {
	return nil, unsupported()
}

// Find returns an error that wraps noderuntime.ErrNotSupported.
func (*Runtime) Find(context.Context, string) ([]noderuntime.Node, error) { return nil, unsupported() }

// Inspect returns an error that wraps noderuntime.ErrNotSupported.
func (*Runtime) Inspect(context.Context, []noderuntime.Node) ([]noderuntime.Condition, error) {
	return nil, unsupported()
}

// Stop returns an error that wraps noderuntime.ErrNotSupported.
func (*Runtime) Stop(context.Context, []noderuntime.Node) error { return unsupported() }

// Exec returns an error that wraps noderuntime.ErrNotSupported.
func (*Runtime) Exec(context.Context, noderuntime.Node, []string, noderuntime.Stdio) (int, error) {
	return -1, unsupported()
}

// Remove returns an error that wraps noderuntime.ErrNotSupported.
func (*Runtime) Remove(context.Context, string, []noderuntime.Node) error { return unsupported() }

// Logs returns an error that wraps noderuntime.ErrNotSupported.
func (*Runtime) Logs(context.Context, noderuntime.Node, bool, io.Writer) error { return unsupported() }
