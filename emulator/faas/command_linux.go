package faas

import (
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// command is a program that runs beside the agent, as its child; the zero value is none.
type command struct {
	name string
	pid  int
}

// startCommand starts a program that prints where the agent does. Package os/exec would wait for it, but
// the first process of a node waits for all its children itself.
func startCommand(args []string) (command, error) {
	path, err := exec.LookPath(args[0])
	if err != nil {
		return command{}, fmt.Errorf("the image's own command: %w", err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return command{}, err
	}
	defer null.Close()
	process, err := os.StartProcess(path, args, &os.ProcAttr{Files: []*os.File{null, os.Stdout, os.Stderr}})
	if err != nil {
		return command{}, fmt.Errorf("the image's own command: %w", err)
	}
	started := command{args[0], process.Pid}
	return started, process.Release() // which forgets the number
}

// lookAfter says so when the command has ended.
func (c *command) lookAfter() {
	if c.pid == 0 {
		return
	}
	var status unix.WaitStatus
	if pid, err := unix.Wait4(c.pid, &status, unix.WNOHANG, nil); err != nil || pid != c.pid {
		return
	}
	c.pid = 0
	how := fmt.Sprintf("status %d", status.ExitStatus())
	if status.Signaled() {
		how = status.Signal().String()
	}
	fmt.Fprintf(os.Stderr, "testbed agent: %s ended (%s)\n", c.name, how)
}
