//go:build unix

package testenv

import (
	"os"
	"os/signal"
	"syscall"
)

// DefaultSignals lets the commands that the test binary starts have signals' default actions, which they would not
// where the tests run in the background of a shell, or under nohup: what is ignored there stays ignored in
// children, but what is caught is not. It is for a TestMain.
func DefaultSignals() {
	nobody := make(chan os.Signal, 1)
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM} {
		if signal.Ignored(s) {
			signal.Notify(nobody, s)
		}
	}
}
