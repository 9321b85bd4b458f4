package inside

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// passOn passes signals on to a command that runs, until the function returned is called, which waits for the last.
// A command that shares this process's group has got what the terminal sends to that already: it is not repeated.
func passOn(signals <-chan os.Signal, cmd *exec.Cmd, t *terminal, shared bool) (stop func()) {
	if signals == nil {
		return func() {}
	}
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ended:
				return
			case s, open := <-signals:
				if !open {
					return
				}
				number, ok := s.(syscall.Signal)
				switch {
				case !ok, shared && (number == unix.SIGINT || number == unix.SIGQUIT) && t.tells():
				case shared:
					_ = cmd.Process.Signal(s) // one that has ended needs none
				default:
					_ = unix.Kill(-cmd.Process.Pid, number)
				}
			}
		}
	}()
	return func() { close(ended); <-done }
}
