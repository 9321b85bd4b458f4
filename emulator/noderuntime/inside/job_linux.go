package inside

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// job is a command in a process group of its own that has the terminal, as a shell's job in the foreground has. An
// interactive command in another pid namespace needs that: the caller's group has no number there, and a shell could
// neither tell who has the terminal nor give it back.
type job struct {
	*terminal
	group     int // the command's
	continued chan os.Signal
	modes     *unix.Termios // the command's, while it is stopped
}

// codeStopped is CLD_STOPPED: what waitid says of a child that a signal has stopped.
const codeStopped = 5

// asJob has a command start in the foreground of the terminal. The kernel takes the number of the group as the
// command's namespace has it, and signals are blocked while it does.
func asJob(cmd *exec.Cmd, t *terminal) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Foreground: true, Ctty: t.fd()}
}

// watchJob stops this process's group where the command is stopped (Ctrl-Z), and continues the command where this
// process is, until the command ends.
func watchJob(cmd *exec.Cmd, t *terminal) {
	j := &job{terminal: t, group: cmd.Process.Pid, continued: make(chan os.Signal, 1)}
	signal.Notify(j.continued, unix.SIGCONT)
	stops := make(chan struct{})
	go func() {
		defer close(stops)
		for j.stopped() {
			stops <- struct{}{}
		}
	}()
	go func() {
		defer signal.Stop(j.continued)
		for {
			select {
			case <-j.continued:
				j.resume()
			case _, more := <-stops:
				if !more {
					return
				}
				j.suspend()
			}
		}
	}()
}

// stopped waits until the command is stopped; false: it has ended.
func (j *job) stopped() bool {
	for {
		var is unix.Siginfo
		err := unix.Waitid(unix.P_PID, j.group, &is, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || is.Code != codeStopped {
			return false
		}
		// Told once: without this the next call would tell of the same stop.
		_ = unix.Waitid(unix.P_PID, j.group, &is, unix.WSTOPPED|unix.WNOHANG, nil)
		return true
	}
}

// suspend stops this process as the terminal has stopped the command, so that the user's shell takes over.
func (j *job) suspend() {
	if sid, err := unix.Getsid(0); err != nil || sid == os.Getpid() {
		j.resume() // nobody would ever continue a session's leader
		return
	}
	blockingTTOU(func() {
		if j.foreground() != j.group {
			return // somebody else has the terminal already
		}
		j.modes, _ = unix.IoctlGetTermios(j.fd(), unix.TCGETS)
		_ = unix.IoctlSetPointerInt(j.fd(), unix.TIOCSPGRP, unix.Getpgrp())
		if j.terminal.modes != nil {
			_ = unix.IoctlSetTermios(j.fd(), unix.TCSETS, j.terminal.modes)
		}
	})
	if unix.Kill(0, unix.SIGTSTP) != nil {
		j.resume()
		return
	}
	select { // a group that nobody would continue is not stopped
	case <-j.continued:
	case <-time.After(time.Second):
	}
	j.resume()
}

// resume continues the command, with the terminal where this process has it.
func (j *job) resume() {
	blockingTTOU(func() {
		if !j.tells() {
			return // in the background
		}
		if j.modes != nil {
			_ = unix.IoctlSetTermios(j.fd(), unix.TCSETS, j.modes)
		}
		_ = unix.IoctlSetPointerInt(j.fd(), unix.TIOCSPGRP, j.group)
	})
	_ = unix.Kill(-j.group, unix.SIGCONT)
}
