//go:build unix

package record

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// catchFileLimit makes a limit on the size of files (ulimit -f) an error of the write that meets it, as a full disk
// is. Without it the system ends the process with SIGXFSZ, and a run's manifest would never say what became of it.
// The signal is caught, not ignored, for what this process starts would inherit the latter.
var catchFileLimit = sync.OnceFunc(func() { signal.Notify(make(chan os.Signal, 1), syscall.SIGXFSZ) })
