package inside

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
)

// terminal is this process's controlling terminal while a command has it.
type terminal struct {
	file  *os.File
	front bool // this process's group was in the foreground
	modes *unix.Termios
}

// holdTerminal remembers how the controlling terminal is; nil: there is none.
func holdTerminal() *terminal {
	file, err := os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil
	}
	t := &terminal{file: file}
	if t.front = t.foreground() == unix.Getpgrp(); t.front {
		t.modes, _ = unix.IoctlGetTermios(t.fd(), unix.TCGETS)
	}
	return t
}

func (t *terminal) fd() int { return int(t.file.Fd()) }

// foreground is the process group that reads from the terminal; 0: none that is known.
func (t *terminal) foreground() int {
	if t == nil {
		return 0
	}
	group, err := unix.IoctlGetInt(t.fd(), unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return group
}

// tells whether the terminal itself has just told this process's group, and so a command that is in it, what
// was typed.
func (t *terminal) tells() bool { return t != nil && t.foreground() == unix.Getpgrp() }

// giveBack makes the terminal what it was before a command had it, whose process group and pid namespace are given
// (0: none of its own): what is killed leaves the modes as they are, and itself in the foreground. A terminal that
// the user's shell has taken back is left to that.
func (t *terminal) giveBack(group int, processes uint64) {
	if t == nil {
		return
	}
	defer t.file.Close()
	if !t.front {
		return
	}
	blockingTTOU(func() {
		if now := t.foreground(); now != unix.Getpgrp() {
			if now != group && !abandoned(now, processes) {
				return
			}
			if unix.IoctlSetPointerInt(t.fd(), unix.TIOCSPGRP, unix.Getpgrp()) != nil {
				return
			}
		}
		if t.modes != nil {
			_ = unix.IoctlSetTermios(t.fd(), unix.TCSETS, t.modes)
		}
	})
}

// blockingTTOU changes the terminal: who does so from the background is stopped, unless it blocks the signal.
func blockingTTOU(change func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	block, before := unix.Sigset_t{}, unix.Sigset_t{}
	size := uint(unsafe.Sizeof(block.Val[0]) * 8) // another one on other machines
	block.Val[(uint(unix.SIGTTOU)-1)/size] |= 1 << ((uint(unix.SIGTTOU) - 1) % size)
	if unix.PthreadSigmask(unix.SIG_BLOCK, &block, &before) != nil {
		return
	}
	defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	change()
}

// abandoned tells whether a process group has no member left outside of a pid namespace.
func abandoned(group int, processes uint64) bool {
	pids, err := proc.All()
	if err != nil {
		return false
	}
	for _, pid := range pids {
		if of, err := unix.Getpgid(pid); err != nil || of != group {
			continue
		}
		p, err := proc.Open(pid)
		if err != nil {
			continue // it has ended
		}
		namespace, err := p.NamespaceID("pid")
		p.Close()
		if err == nil && namespace != processes {
			return false
		}
	}
	return true
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok || f == nil {
		return false
	}
	connection, err := f.SyscallConn() // unlike Fd, this leaves the file's mode alone
	if err != nil {
		return false
	}
	terminal := false
	_ = connection.Control(func(fd uintptr) {
		_, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
		terminal = err == nil
	})
	return terminal
}
