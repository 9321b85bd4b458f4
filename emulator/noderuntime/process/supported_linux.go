package process

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/noderuntime"
)

// Supported returns nil where this host can run nodes as processes, or an error that wraps
// noderuntime.ErrNotSupported and says what is missing and how to get it. It takes a few milliseconds.
func (r *Runtime) Supported(context.Context) error {
	if os.Geteuid() != 0 {
		return unsupported("making namespaces needs root: run it with sudo", nil)
	}
	if _, err := os.Stat("/proc/self/ns/net"); err != nil {
		return unsupported("/proc is not mounted, or the kernel has no namespaces", err)
	}
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return unsupported("the kernel has no pidfd_open: Linux 5.3 or newer is needed", err)
	}
	unix.Close(fd)
	if _, err := os.Stat("/etc/hosts"); err != nil {
		return unsupported("nodes get a file of their own over /etc/hosts, which must be there: create it", err)
	}
	return proc.OnSpareThread(unshareAll)
}

// unshareAll tries what spawning a node does, one namespace after the other, to say which one fails.
func unshareAll() error {
	for _, s := range entered {
		err := s.Make()
		switch {
		case err == nil:
		case errors.Is(err, unix.EPERM):
			return unsupported(fmt.Sprintf("this process may not make a %s namespace: "+
				"in a container it needs --privileged (CAP_SYS_ADMIN and CAP_NET_ADMIN)", s.Name), err)
		case errors.Is(err, unix.ENOSPC):
			return unsupported(fmt.Sprintf("the limit of %s namespaces is reached: "+
				"raise /proc/sys/user/max_%s_namespaces", s.Name, s.Name), err)
		default:
			return unsupported(fmt.Sprintf("the kernel makes no %s namespace", s.Name), err)
		}
	}
	return nil
}

func unsupported(reason string, err error) error {
	if err == nil {
		return fmt.Errorf("%s: %w", reason, noderuntime.ErrNotSupported)
	}
	return fmt.Errorf("%s (%w): %w", reason, err, noderuntime.ErrNotSupported)
}
