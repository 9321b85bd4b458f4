//go:build !linux

package orchestrator

import (
	"context"
	"fmt"
	"os"

	"testbed/emulator/noderuntime"
)

func (s Store) lock(context.Context, string) (func(), error) {
	return nil, fmt.Errorf("testbeds run on Linux only (simulate, compare and validate run anywhere): %w",
		noderuntime.ErrNotSupported)
}

func tryLock(*os.File) bool { return false }
