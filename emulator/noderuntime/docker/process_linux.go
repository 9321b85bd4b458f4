package docker

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/noderuntime"
)

const (
	kill      = unix.SIGKILL
	terminate = unix.SIGTERM
)

// hold holds on to the process that an engine says is of a container, once its control group says so too.
// The group bears the container's ID, and no container can move a process of its own to another's. A number
// of another pid namespace, such as that of Docker in Docker, is a stranger's here or nobody's, and so is one
// whose process has ended: the error then wraps errStranger.
func hold(pid int, container string) (*proc.Process, error) {
	p, err := proc.Open(pid)
	if err != nil {
		return nil, stranger(err)
	}
	groups, err := p.ControlGroups()
	switch {
	case err != nil:
		err = stranger(err)
	case !isID(container) || !strings.Contains(groups, container):
		err = fmt.Errorf("process %d is not of container %.12s: %w", pid, container, errStranger)
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// stranger makes of a process that is gone one that is not the container's.
func stranger(err error) error {
	if errors.Is(err, proc.ErrGone) {
		return fmt.Errorf("%w: %w", err, errStranger)
	}
	return err
}

// identify proves that a number that an engine tells is a container's first process on this machine, in
// namespaces that are not this process's, and says by what it is known.
func identify(pid int, container string) (i identity, err error) {
	p, err := hold(pid, container)
	if err != nil {
		return identity{}, err
	}
	defer p.Close()
	for _, kind := range []string{"pid", "mnt", "net"} { // the last one's number is kept
		if i.inode, err = p.NamespaceID(kind); err != nil {
			return identity{}, stranger(err)
		}
		var own unix.Stat_t
		if err := unix.Stat("/proc/self/ns/"+kind, &own); err != nil {
			return identity{}, err
		}
		if own.Ino == i.inode {
			return identity{}, fmt.Errorf("process %d shares this host's %s namespace: %w", pid, kind, errStranger)
		}
	}
	if !p.FirstInside() {
		return identity{}, fmt.Errorf("process %d is not the first of its pid namespace: %w", pid, errStranger)
	}
	if !p.Alive() {
		return identity{}, stranger(fmt.Errorf("process %d: %w", pid, proc.ErrGone))
	}
	i.start, i.stopped = p.Start, p.Stopped()
	return i, nil
}

// same tells whether the process that a node is recorded with still runs. An error says that it cannot be told.
func same(n noderuntime.Node) (standing, error) {
	i, err := identify(n.PID, n.Container)
	if errors.Is(err, errStranger) {
		return standing{}, nil
	}
	if err != nil || i.start != n.Start || i.inode != n.Inode {
		return standing{}, err
	}
	return standing{recorded: true, stopped: i.stopped}, nil
}

// signalContainer signals a process of a container, and no other.
func signalContainer(pid int, container string, signal syscall.Signal) error {
	p, err := hold(pid, container)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.SignalGroup(signal)
}

// ticks is the time since boot, as the start times of processes are given; 0 where it is not known.
func ticks() uint64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0
	}
	return uint64(t.Nano() / int64(clockTick))
}

// kernelRelease is that of this machine.
func kernelRelease() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}
