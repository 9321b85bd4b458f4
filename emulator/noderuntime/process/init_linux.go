package process

import (
	"errors"
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/reaper"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/inside"
)

// Init makes the calling process a node, from args, which are what follows InitCommand, and returns the
// remaining arguments: with them the program goes on as though it had been given nothing else. It must be
// called first of all. From then on the process reaps every child it gets, so it must not use os/exec; and
// it exits when its parent dies before Start has succeeded.
func Init(args []string) ([]string, error) {
	id, rest, err := parseArguments(args)
	if err != nil {
		return nil, err
	}
	if err := startedByRuntime(); err != nil {
		return nil, err
	}
	_ = proc.SetOOMScore(proc.OOMNode) // raising it is everybody's right; without /proc there is nothing to raise
	go outliveParent()
	go reap()
	if err := setUp(id); err != nil {
		return nil, fmt.Errorf("setting up node %s: %w", id.node, err)
	}
	boundLog(logPath(noderuntime.Spec{Node: id.node, Dir: id.dir}))
	return rest, nil
}

// startedByRuntime guards the host: what Init mounts belongs into namespaces of its own.
func startedByRuntime() error {
	if os.Getpid() != 1 || os.Getenv(noderuntime.ReadyEnv) == "" {
		return errors.New(InitCommand + " is for the testbed's own use: it starts nodes")
	}
	for _, fd := range []int{readyFD, commitFD} {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
			return fmt.Errorf("file descriptor %d is not the pipe that the testbed gives its nodes", fd)
		}
		unix.CloseOnExec(fd)
	}
	return nil
}

// outliveParent ends the process unless the parent commits itself to it. The pipe's end without a byte
// means that the parent died.
func outliveParent() {
	pipe := os.NewFile(commitFD, "commit")
	if n, _ := pipe.Read(make([]byte, 1)); n == 0 {
		fmt.Fprintln(os.Stderr, "tb-node: the controller died while it started the testbed")
		os.Exit(1)
	}
	pipe.Close()
}

// reap waits for orphans: a pid namespace hands them to its first process.
func reap() {
	reaper.General()
	exited := make(chan os.Signal, 1)
	signal.Notify(exited, unix.SIGCHLD)
	for range exited {
		reaper.All()
	}
}

// setUp makes the namespaces the node's own.
func setUp(id identity) error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if err := unix.Mount("proc", "/proc", "proc", flags, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if id.hosts != "" {
		if err := unix.Mount(id.hosts, "/etc/hosts", "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("putting %s over /etc/hosts: %w", id.hosts, err)
		}
	}
	if err := inside.HideNameServices(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(id.node)); err != nil {
		return fmt.Errorf("setting the host name: %w", err)
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("bringing lo up: %w", err)
	}
	return nil
}

func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, lo); err != nil {
		return err
	}
	lo.SetUint16(lo.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo)
}
