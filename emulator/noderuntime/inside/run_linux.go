package inside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/childenv"
	"testbed/emulator/internal/proc"
	"testbed/emulator/noderuntime"
)

// The statuses by which shells report that a command could not be run.
const (
	statusNotExecutable = 126
	statusNotFound      = 127
)

// afterwards is how long a cancelled command may take to end by itself, and how long the output of what a
// command left in the background is still read.
const afterwards = 2 * time.Second

// Place is where a command runs.
type Place struct {
	Node   string  // for messages
	Spaces []Space // entered in this order, a mount namespace last: /proc is another one there
	// Prepare is called once they are entered, on a thread that is thrown away afterwards, and that has a mount
	// namespace of its own where Private says so. It may be nil.
	Prepare func() error
	Private bool
	// Files is a mount namespace of which the command's is a copy, where Private says so; nil: the caller's.
	Files *os.File
}

// Run runs a command in a place, found by PATH as that has it, in the caller's working directory, or in / where
// the place has not got that. Files in stdio are inherited, so that a terminal stays one.
//
// A command with stdio.Signals is left to itself: where there is a terminal it shares the caller's process group, or
// has the terminal with a group of its own, and gets Ctrl-C, Ctrl-\ and Ctrl-Z as any command does; the other signals
// it gets from here. When ctx ends, its process group gets SIGTERM (in the caller's group, the command alone gets
// SIGINT), and the command SIGKILL 2 s later. Where it cannot be run the status is 127 (not found) or 126, with an
// error.
func Run(ctx context.Context, place Place, args []string, stdio noderuntime.Stdio) (int, error) {
	if len(args) == 0 {
		return statusNotFound, fmt.Errorf("running a command in node %s: none is given", place.Node)
	}
	in, release, err := inputFile(stdio.In)
	if err != nil {
		return -1, fmt.Errorf("running %s in node %s: %w", args[0], place.Node, err)
	}
	defer release()
	held := holdTerminal()
	var cmd *exec.Cmd
	defer func() {
		group := 0
		if cmd != nil && cmd.Process != nil {
			group = cmd.Process.Pid
		}
		held.giveBack(group, place.processes())
	}()
	shared := held != nil && (stdio.Signals != nil || isTerminal(in) || isTerminal(stdio.Out))
	// What shares a terminal with others, as in a pipeline, must not take it from them.
	alone := shared && stdio.Signals != nil && held.front && place.processes() != 0 &&
		isTerminal(in) && isTerminal(stdio.Out)
	where := workingDirectory()
	err = proc.OnSpareThread(func() error {
		at, err := place.enter(where)
		if err != nil {
			return err
		}
		cmd = command(ctx, args, in, stdio, at, shared && !alone)
		if alone {
			asJob(cmd, held)
		}
		return cmd.Start()
	})
	if err != nil {
		return notStarted(args[0], place.Node, err)
	}
	release() // the child has it now
	if alone {
		watchJob(cmd, held)
	}
	stop := passOn(stdio.Signals, cmd, held, shared && !alone)
	err = cmd.Wait()
	stop()
	return status(ctx, err, cmd)
}

// workingDirectory is the caller's; empty: it has none any more.
func workingDirectory() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	return dir
}

// enter moves the calling thread into the place, for good, and tells the directory that it is in.
func (p Place) enter(where string) (string, error) {
	// A mount namespace can be entered only by a thread with a root and working directory of its own.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return "", fmt.Errorf("unshare: %w", err)
	}
	if p.Files != nil {
		if err := unix.Setns(int(p.Files.Fd()), unix.CLONE_NEWNS); err != nil {
			return "", fmt.Errorf("entering the files' namespace: %w", err)
		}
	}
	if p.Private {
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return "", fmt.Errorf("unshare: %w", err)
		}
		if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return "", fmt.Errorf("making mounts private: %w", err)
		}
	}
	for _, s := range p.Spaces {
		if err := unix.Setns(int(s.File.Fd()), s.Kind.flag); err != nil {
			return "", fmt.Errorf("entering the %s namespace: %w", s.Kind.Name, err)
		}
	}
	if p.Prepare != nil {
		if err := p.Prepare(); err != nil {
			return "", err
		}
	}
	if where != "" && unix.Chdir(where) == nil {
		return where, nil
	}
	return "/", unix.Chdir("/")
}

// inputFile turns a reader into a file for the command to inherit, so that a reader that has nothing to
// say does not keep a command from ending.
func inputFile(in io.Reader) (*os.File, func(), error) {
	if in == nil {
		return nil, func() {}, nil
	}
	if f, ok := in.(*os.File); ok {
		return f, func() {}, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	go func() {
		_, _ = io.Copy(w, in) // a command may end before its input does
		w.Close()
	}()
	return r, func() { r.Close() }, nil
}

// command must be called, and its result started, on the thread that has entered the place: it looks args[0] up.
func command(
	ctx context.Context, args []string, in *os.File, stdio noderuntime.Stdio, at string, shared bool,
) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = afterwards
	cmd.Env = environ(at)
	cmd.Stdout, cmd.Stderr = stdio.Out, stdio.Err
	if in != nil {
		cmd.Stdin = in
	}
	if shared { // a process group of its own could not read from the terminal
		cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGINT) }
		return cmd
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGTERM) }
	return cmd
}

// environ is the caller's environment without secrets, with PWD as it is.
func environ(at string) []string {
	var all []string
	for _, variable := range childenv.Environ() {
		if !strings.HasPrefix(variable, "PWD=") {
			all = append(all, variable)
		}
	}
	return append(all, "PWD="+at)
}

func notStarted(name, node string, err error) (int, error) {
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return statusNotFound, fmt.Errorf("%s: command not found in node %s: %w", name, node, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.ENOEXEC):
		return statusNotExecutable, fmt.Errorf("%s: cannot be executed in node %s: %w", name, node, err)
	}
	return -1, fmt.Errorf("running %s in node %s: %w", name, node, err)
}

// status is a command's exit status from what Wait returned.
func status(ctx context.Context, err error, cmd *exec.Cmd) (int, error) {
	code := cmd.ProcessState.ExitCode()
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		code = 128 + int(s.Signal())
	}
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil:
		return code, nil
	case ctx.Err() != nil:
		return code, context.Cause(ctx)
	case errors.As(err, &exit):
		return code, nil
	}
	return code, err
}
