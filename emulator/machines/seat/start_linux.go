package seat

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/childenv"
	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/program"
	"testbed/emulator/internal/statefile"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/control"
)

// told is what the process tells its parent while agents start: exactly one member is set.
type told struct {
	Progress string            `json:"progress,omitempty"`
	Failed   *exchange.Failure `json:"failed,omitempty"`
	Ready    *roll             `json:"ready,omitempty"`
}

// commit is the byte by which the parent confirms: until then the process ends with its parent.
const commit = 'C'

// environment are the variables that lead to engines: Docker's and ssh's.
var environment = []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY",
	"DOCKER_API_VERSION", "SSH_AUTH_SOCK"}

// Start starts the process, which is p with args, the testbed's name and the directory, and returns when the agents of
// all machines have said who they are. progress, which may be nil, is told of each phase. On an error, or the end of
// ctx, nothing of it is left, unless the error wraps carrier.ErrLeft. Where the testbed's agents are kept already it
// wraps ErrRuns; a process of this testbed's that does not answer is ended.
func Start(
	ctx context.Context, p program.Program, args []string, c Config, progress func(string),
) (*Seat, error) {
	c.Dir = absolute(c.Dir)
	s := &Seat{dir: c.Dir, testbed: c.Testbed}
	if err := errors.Join(c.check(), context.Cause(ctx)); err != nil {
		return nil, s.wrap(err)
	}
	if _, err := Open(c.Dir, c.Testbed); err == nil {
		return nil, s.wrap(ErrRuns)
	}
	err := End(ctx, c.Dir, c.Testbed)
	if err == nil {
		err = statefile.Dir(c.Dir)
	}
	if err == nil {
		s.agents, err = begin(ctx, p, args, c, progress)
	}
	if err != nil {
		return nil, s.wrap(err)
	}
	return s, nil
}

// begin starts the process, talks to it until the agents are there, and confirms.
func begin(
	ctx context.Context, p program.Program, args []string, c Config, progress func(string),
) (agents []Agent, err error) {
	conn, theirs, err := pair()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	cmd, err := launch(p, args, c, theirs)
	theirs.Close()
	if err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	defer func() {
		if err != nil { // it undoes what it did, and ends
			conn.Close()
			select {
			case <-ended:
			case <-time.After(leaving):
				_ = cmd.Process.Kill()
				<-ended
			}
			// It has not undone it all, or was killed before it had.
			if code := cmd.ProcessState.ExitCode(); code != 0 && code != exitFailed && !errors.Is(err, carrier.ErrLeft) {
				err = carrier.Left(err, fmt.Errorf("the process that keeps agents has ended with status %d", code))
			}
			_ = os.Remove(filepath.Join(c.Dir, socketName))
		}
	}()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	r, err := converse(conn, c, progress)
	if !stop() && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte{commit}); err != nil {
		return nil, err
	}
	return r.Agents, nil
}

// pair is a connection to the process: this side of it, and the file that is the other one.
func pair() (net.Conn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	mine, theirs := os.NewFile(uintptr(fds[0]), "seat"), os.NewFile(uintptr(fds[1]), "parent")
	conn, err := net.FileConn(mine)
	mine.Close()
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return conn, theirs, nil
}

// launch starts the process in a session of its own, with its log in the testbed's directory. It keeps this one's
// working directory until agents have been started: paths of Docker's and ssh's settings may be relative to it.
func launch(p program.Program, args []string, c Config, parent *os.File) (*exec.Cmd, error) {
	out, err := os.OpenFile(filepath.Join(c.Dir, logName),
		os.O_CREATE|os.O_APPEND|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(p.Path())
	cmd.Args = append(append([]string{ProcessName}, args...), c.Testbed, c.Dir)
	cmd.Env = childenv.Minimal(environment...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{parent}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the process that keeps agents: %w", err)
	}
	return cmd, nil
}

// errEnded says that the process has ended while agents were started: what these are is not known.
var errEnded = fmt.Errorf("%w: the process that keeps agents has ended (%s may say why)", control.ErrLost, logName)

// converse gives the process its configuration, and returns when agents are there.
func converse(conn net.Conn, c Config, progress func(string)) (*roll, error) {
	if err := send(conn, c); err != nil {
		return nil, fmt.Errorf("%w: %w", errEnded, err)
	}
	from := bufio.NewReader(conn)
	for {
		var t told
		err := receive(from, &t)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, unix.ECONNRESET):
			return nil, errEnded
		case err != nil:
			return nil, err
		case t.Failed != nil:
			return nil, kinds.Error(t.Failed)
		case t.Ready != nil:
			return t.Ready, t.Ready.check(c.Testbed)
		case progress != nil:
			progress(t.Progress)
		}
	}
}
