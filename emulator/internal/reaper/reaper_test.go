//go:build unix

package reaper_test

import (
	"os"
	"syscall"
	"testing"

	"testbed/emulator/internal/reaper"
)

// TestStatus: children's statuses reach those that started them, whether somebody waits for all or nobody does.
func TestStatus(t *testing.T) {
	for _, general := range []bool{false, true} {
		if general {
			reaper.General()
		}
		for _, want := range []string{"exit 0", "exit 7", "kill -9 $$"} {
			_, ended, err := reaper.Start(func() (int, error) {
				return syscall.ForkExec("/bin/sh", []string{"sh", "-c", want}, &syscall.ProcAttr{Env: os.Environ()})
			})
			if err != nil {
				t.Fatal(err)
			}
			var status syscall.WaitStatus
			for done := false; !done; {
				if general {
					reaper.All()
				}
				select {
				case status = <-ended:
					done = true
				default:
				}
			}
			switch {
			case want == "exit 0" && status.ExitStatus() != 0, want == "exit 7" && status.ExitStatus() != 7,
				want == "kill -9 $$" && status.Signal() != syscall.SIGKILL:
				t.Errorf("%s: status %d, signal %v", want, status.ExitStatus(), status.Signal())
			}
		}
	}
}
