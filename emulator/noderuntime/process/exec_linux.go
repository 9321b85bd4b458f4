package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
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

// entered are the namespaces that a command runs in, the mount namespace last: /proc is another one there.
var entered = [...]struct {
	file string
	kind int
}{{"pid", unix.CLONE_NEWPID}, {"uts", unix.CLONE_NEWUTS}, {"net", unix.CLONE_NEWNET}, {"mnt", unix.CLONE_NEWNS}}

// Exec runs a command in a node, in the root directory, found by PATH as the node sees it. Files in stdio
// are inherited, so that a terminal stays one. When ctx ends, the command's process group gets SIGTERM (on
// a terminal, the command alone gets SIGINT, as by Ctrl-C), and the command SIGKILL 2 s later. Where the
// command cannot be run the status is 127 (not found) or 126, with an error. It fails with
// noderuntime.ErrNoSuchNode where the node does not run any more.
func (r *Runtime) Exec(ctx context.Context, node noderuntime.Node, args []string, stdio noderuntime.Stdio) (int, error) {
	if len(args) == 0 {
		return statusNotFound, fmt.Errorf("running a command in node %s: none is given", node.Node)
	}
	spaces, err := openNamespaces(node)
	if err != nil {
		return -1, err
	}
	defer closeAll(spaces)
	in, release, err := inputFile(stdio.In)
	if err != nil {
		return -1, fmt.Errorf("running %s in node %s: %w", args[0], node.Node, err)
	}
	defer release()
	var cmd *exec.Cmd
	err = proc.OnSpareThread(func() error {
		if err := enter(spaces); err != nil {
			return err
		}
		cmd = command(ctx, args, in, stdio)
		return cmd.Start()
	})
	if err != nil {
		return notStarted(args[0], node.Node, err)
	}
	release() // the child has it now
	return status(ctx, cmd.Wait(), cmd)
}

// openNamespaces opens a node's namespaces by way of its first process, once that is known to be the node's.
func openNamespaces(node noderuntime.Node) ([]*os.File, error) {
	p, err := noderuntime.Hold(node)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	var spaces []*os.File
	for _, s := range entered {
		space, err := p.Namespace(s.file)
		if err == nil {
			spaces, err = append(spaces, space), notOurs(space, s.file)
		}
		if err != nil {
			closeAll(spaces)
			return nil, fmt.Errorf("node %s of testbed %s: %w: %w", node.Node, node.Testbed, noderuntime.ErrNoSuchNode, err)
		}
	}
	return spaces, nil
}

// notOurs makes sure that a namespace is not the one that this program is in.
func notOurs(space *os.File, kind string) error {
	inode, err := proc.Inode(space)
	if err == nil && proc.IsHostNamespace(kind, inode) {
		err = fmt.Errorf("its %s namespace is this host's own", kind)
	}
	return err
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// enter moves the calling thread into namespaces, for good.
func enter(spaces []*os.File) error {
	// A mount namespace can be entered only by a thread with a root and working directory of its own.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	for i, s := range entered {
		if err := unix.Setns(int(spaces[i].Fd()), s.kind); err != nil {
			return fmt.Errorf("entering the %s namespace: %w", s.file, err)
		}
	}
	return nil
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

// command must be called, and its result started, on the thread that has entered the node: it looks args[0] up.
func command(ctx context.Context, args []string, in *os.File, stdio noderuntime.Stdio) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.WaitDelay = "/", afterwards
	cmd.Env = childenv.Environ()
	cmd.Stdout, cmd.Stderr = stdio.Out, stdio.Err
	if in != nil {
		cmd.Stdin = in
	}
	if isTerminal(in) || isTerminal(stdio.Out) {
		// A process group of its own could not read from the terminal.
		cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGINT) }
		return cmd
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGTERM) }
	return cmd
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
