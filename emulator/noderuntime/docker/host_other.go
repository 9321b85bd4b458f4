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

func signalContainer(pid int, _ string, _ syscall.Signal) error {
	return fmt.Errorf("process %d: %w", pid, noderuntime.ErrNotSupported)
}

func kernelRelease() string { return "" }
