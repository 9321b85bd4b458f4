package docker

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	kill      = unix.SIGKILL
	terminate = unix.SIGTERM
)

// signalContainer signals a process of a container. It cannot hit another process that got the number in
// the meantime: the process is held before its control group, which bears the container's ID, is looked at.
func signalContainer(pid int, container string, signal syscall.Signal) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	defer unix.Close(fd)
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return err
	}
	if len(container) < 64 || !strings.Contains(string(groups), container) {
		return fmt.Errorf("process %d is not of container %s", pid, container)
	}
	return unix.PidfdSendSignal(fd, signal, nil, 0)
}

// kernelRelease is that of this machine.
func kernelRelease() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}
