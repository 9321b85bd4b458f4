package runtimetest

import (
	"os"
	"os/signal"
	"syscall"

	"testbed/emulator/internal/reaper"
)

// Reap does, in a binary of tests that is a node's first process, what that has to: see package faas. It never returns.
func Reap() {
	exited := make(chan os.Signal, 1)
	signal.Notify(exited, syscall.SIGCHLD)
	for range exited {
		reaper.All()
	}
}
