package carriertest

import (
	"os/exec"
	"syscall"
)

// ownGroup has a command, and what it starts, in a process group of its own.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends them.
func killGroup(command *exec.Cmd) {
	_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // it may have ended
	_, _ = command.Process.Wait()
}
