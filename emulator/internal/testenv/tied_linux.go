package testenv

import (
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// StartTied starts a command that is killed at the end of the test, or with the test's process, however that ends. The
// kernel ties a child to the thread that made it, and threads end that were in other namespaces: this one is kept.
func StartTied(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started, over := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		started <- cmd.Start()
		<-over
	}()
	t.Cleanup(func() { close(over) })
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
}
