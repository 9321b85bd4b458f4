package function

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/reaper"
)

// Launcher starts programs as processes of this node.
type Launcher struct {
	Node string    // name, for messages
	Log  io.Writer // of what functions print
	// Free leaves instances in the namespaces and with the rights of this process: where it has no rights that could be
	// taken away.
	Free bool
	// Hide are directories of which no function sees anything, besides those of its program.
	Hide []string
}

// process is an instance that is a process, the first one of a pid namespace of its own unless it is free.
type process struct {
	pid    int
	handle int // pidfd, until it is closed
	free   bool
	done   chan struct{} // closed when it has ended
	status syscall.WaitStatus
	output *output
	read   sync.WaitGroup
	group  *group
	oom    bool // the kernel ended it, or something of it, for its memory
}

// Start starts a program and returns when it is ready. Errors name function and node.
func (l *Launcher) Start(ctx context.Context, p *Program) (*Instance, error) {
	return start(ctx, p, l.Node, func(a at) (work, error) {
		if len(p.Command) == 0 {
			return nil, fmt.Errorf("%w: image %s: this node runs no containers", ErrNotSupported, p.Image)
		}
		return l.spawn(p, p.environ(a))
	})
}

// spawn makes the process, which waits to be told what it becomes until it is in its control group.
func (l *Launcher) spawn(p *Program, environ []string) (_ *process, err error) {
	var pipes pipes
	defer pipes.close()
	if err := pipes.open(); err != nil {
		return nil, err
	}
	child := &process{handle: -1, free: l.Free, done: make(chan struct{}), output: newOutput(l.Log, p.Name)}
	if !l.Free {
		child.group, err = newGroup(p)
		if err != nil {
			return nil, err
		}
	}
	attr := &syscall.ProcAttr{
		Dir: "/", Env: []string{},
		Files: []uintptr{pipes.null.Fd(), pipes.printed.Fd(), pipes.printed.Fd(), pipes.order.Fd(), pipes.failure.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true, PidFD: &child.handle},
	}
	if !l.Free {
		attr.Sys.Cloneflags = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC
	}
	pid, ended, err := reaper.Start(func() (int, error) {
		return syscall.ForkExec("/proc/self/exe", []string{"testbed", Command}, attr)
	})
	if err != nil {
		child.group.remove()
		return nil, err
	}
	child.pid = pid
	pipes.childEnds()
	child.follow(pipes.take(), ended)
	told := *p
	told.Hide = append(slices.Clone(p.Hide), l.Hide...)
	order := order{Program: &told, Env: environ, Free: l.Free, Limits: !child.group.bounds()}
	if err := errors.Join(child.group.add(pid), pipes.tell(order)); err != nil {
		child.kill(true)
		return nil, err
	}
	if reason, _ := io.ReadAll(io.LimitReader(pipes.told, 4096)); len(reason) > 0 { // its end says that it went well
		child.kill(true)
		return nil, errors.New(string(reason))
	}
	return child, nil
}

// follow reads what the process prints, and notices its end.
func (c *process) follow(printed *os.File, ended <-chan syscall.WaitStatus) {
	c.read.Go(func() {
		c.output.copy(printed)
		_ = printed.Close()
	})
	go func() {
		c.status = <-ended
		if c.free {
			_ = unix.Kill(-c.pid, unix.SIGKILL) // what it has started and not moved to another session
		}
		c.oom = c.group.killed()
		c.group.remove()
		close(c.done)
	}()
}

func (c *process) gone() <-chan struct{} { return c.done }

// grace is how long an instance that handles SIGTERM has to end.
const grace = 2 * time.Second

// kill ends the process and, by that of its pid namespace, all that it has started.
func (c *process) kill(now bool) {
	if !now && c.handles(unix.SIGTERM) {
		c.signal(unix.SIGTERM)
		select {
		case <-c.done:
		case <-time.After(grace):
		}
	}
	c.signal(unix.SIGKILL)
	<-c.done
	_ = unix.Close(c.handle)
}

// signal reaches this process, unless it has ended, and no other that may have its number later.
func (c *process) signal(s unix.Signal) {
	select {
	case <-c.done:
		return
	default:
	}
	if c.handle < 0 {
		_ = unix.Kill(c.pid, s) // a kernel before 5.4
		return
	}
	_ = unix.PidfdSendSignal(c.handle, s, nil, 0) // fails where it has ended
}

// handles says whether the process handles a signal. The first of a pid namespace ignores those that it does not.
func (c *process) handles(s unix.Signal) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid))
	_, after, found := strings.Cut(string(text), "\nSigCgt:\t")
	if err != nil || !found {
		return true
	}
	var caught uint64
	_, err = fmt.Sscanf(after, "%x", &caught)
	return err != nil || caught&(1<<(s-1)) != 0
}

// fate says how the process ended.
func (c *process) fate() string {
	<-c.done
	how := fmt.Sprintf("exit status %d", c.status.ExitStatus())
	if c.status.Signaled() {
		how = "killed by signal " + c.status.Signal().String()
	}
	if c.oom {
		how += ", for it used more than its memory"
	}
	waited := make(chan struct{})
	go func() { c.read.Wait(); close(waited) }()
	select {
	case <-waited:
	case <-time.After(dying): // something of it that is not gone holds the pipe
	}
	if text := c.output.last(); text != "" {
		return how + "; the last that it printed: " + text
	}
	return how + "; it printed nothing"
}

func (c *process) last() string { return c.output.last() }

// pipes are what agent and child share: their ends are closed as soon as they are of no use.
type pipes struct {
	null, out, printed, order, orders, told, failure *os.File
}

func (p *pipes) open() (err error) {
	if p.null, err = os.Open(os.DevNull); err != nil {
		return err
	}
	if p.out, p.printed, err = os.Pipe(); err != nil {
		return err
	}
	if p.order, p.orders, err = os.Pipe(); err != nil {
		return err
	}
	p.told, p.failure, err = os.Pipe()
	return err
}

func (p *pipes) childEnds() {
	for _, f := range []*os.File{p.null, p.printed, p.order, p.failure} {
		_ = f.Close()
	}
}

// take is the end at which the child's output comes out, which the caller closes.
func (p *pipes) take() *os.File {
	out := p.out
	p.out = nil
	return out
}

func (p *pipes) tell(o order) error {
	err := json.NewEncoder(p.orders).Encode(o)
	return errors.Join(err, p.orders.Close())
}

func (p *pipes) close() {
	for _, f := range []*os.File{p.null, p.out, p.printed, p.order, p.orders, p.told, p.failure} {
		_ = f.Close() // of nil or what is closed already: an error that says so
	}
}
