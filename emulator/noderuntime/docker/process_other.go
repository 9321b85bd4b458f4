//go:build !linux

package docker

import (
	"fmt"
	"syscall"

	"testbed/emulator/noderuntime"
)

const (
	kill      = syscall.SIGKILL
	terminate = syscall.SIGTERM
)

func identify(pid int, _ string) (identity, error) {
	return identity{}, fmt.Errorf("process %d: %w", pid, noderuntime.ErrNotSupported)
}

func same(noderuntime.Node) (standing, error) { return standing{}, noderuntime.ErrNotSupported }

func signalContainer(pid int, _ string, _ syscall.Signal) error {
	return fmt.Errorf("process %d: %w", pid, noderuntime.ErrNotSupported)
}

func ticks() uint64 { return 0 }

func kernelRelease() string { return "" }
