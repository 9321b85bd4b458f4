//go:build unix

package record

import (
	"os"
	"os/signal"
	"syscall"
)

// A limit on the size of files (ulimit -f) is to be an error of the write that meets it, as a full disk is. Without
// this the system ends the process with SIGXFSZ, and a run's manifest would never say what became of it. The signal is
// caught, not ignored, for what this process starts would inherit the latter. It is done here, before anything runs,
// so that the runtime's goroutine for signals belongs to no caller.
func init() { signal.Notify(make(chan os.Signal, 1), syscall.SIGXFSZ) }
