package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"testbed/emulator/internal/childenv"
	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/shell"
	"testbed/emulator/noderuntime"
)

const (
	// Package syscall holds a lock from fork to exec; a second goroutine gains a tenth, more gain nothing.
	spawners = 2
	patience = 30 * time.Second      // without any node becoming ready, before Start gives up
	tick     = 20 * time.Millisecond // between looks at the context and for nodes that died
)

// Start starts the nodes and waits until each has called Ready. It fails with the end of a node's log
// where one ends before, and with the names of those that are missing where none becomes ready for 30 s.
// The calling process must not reap its children with wait4(-1).
func (r *Runtime) Start(ctx context.Context, specs []noderuntime.Spec, progress func(int)) (nodes []noderuntime.Node, err error) {
	specs, err = checkSpecs(specs)
	if err != nil {
		return nil, err
	}
	if err := vacant(specs); err != nil {
		return nil, err
	}
	l := &launch{specs: specs, pids: make([]int, len(specs)), missing: map[string]int{}}
	defer l.close()
	defer func() {
		if err != nil {
			err = errors.Join(err, l.undo(r.Names))
		}
	}()
	if err := l.open(); err != nil {
		return nil, err
	}
	if err := l.spawnAll(ctx, r.program.Path(), r.prefix); err != nil {
		return nil, err
	}
	l.closeChildEnds()
	if nodes, err = l.nodes(); err != nil {
		return nil, err
	}
	if err := noderuntime.AddNames(r.Names, nodes); err != nil {
		return nil, err
	}
	if err := l.wait(ctx, progress); err != nil {
		return nil, err
	}
	if err := l.commit(); err != nil {
		return nil, err
	}
	r.adopt(l.pids)
	return nodes, nil
}

// vacant fails where one of the nodes runs already: a second one would take over its name and its directory.
func vacant(specs []noderuntime.Spec) error {
	running := map[string]map[string]noderuntime.Node{} // by testbed and name
	for _, s := range specs {
		if running[s.Testbed] == nil {
			found, err := scan(s.Testbed)
			if err != nil {
				return err
			}
			running[s.Testbed] = map[string]noderuntime.Node{}
			for _, n := range found {
				running[s.Testbed][n.Node] = n
			}
		}
		if n, there := running[s.Testbed][s.Node]; there {
			return fmt.Errorf("node %s of testbed %s runs already, as process %d: remove it with `testbed down --name %s`: %w",
				s.Node, s.Testbed, n.PID, shell.Quote(s.Testbed), noderuntime.ErrRuns)
		}
	}
	return nil
}

// launch is one Start under way. All its nodes share two pipes.
type launch struct {
	specs []noderuntime.Spec
	pids  []int // of the specs; 0: not started, or died and waited for

	ready, childReady   *os.File // each node writes its name and a newline
	committed, childEnd *os.File // each node takes a byte
	null                *os.File
	files               [5]uintptr // a child's, but for its log
	environ             []string

	missing map[string]int // how many nodes of that name are not ready yet
}

func (l *launch) open() (err error) {
	if l.ready, l.childReady, err = os.Pipe(); err != nil {
		return err
	}
	if l.childEnd, l.committed, err = os.Pipe(); err != nil {
		return err
	}
	if l.null, err = os.Open(os.DevNull); err != nil {
		return err
	}
	l.files = [5]uintptr{l.null.Fd(), 0, 0, readyFD: l.childReady.Fd(), commitFD: l.childEnd.Fd()}
	// What this process was itself given, such as its caller's pipes, must not live on in nodes.
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) // Linux 5.11
	l.environ = append(childenv.Minimal(), fmt.Sprintf("%s=fd:%d", noderuntime.ReadyEnv, readyFD))
	for _, s := range l.specs {
		l.missing[s.Node]++
	}
	return nil
}

func (l *launch) spawnAll(ctx context.Context, binary string, prefix []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(spawners)
	for i := range l.specs {
		group.Go(func() error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if err := l.spawn(binary, prefix, i); err != nil {
				return fmt.Errorf("starting node %s: %w", l.specs[i].Node, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (l *launch) spawn(binary string, prefix []string, i int) error {
	s := l.specs[i]
	log, err := openLog(s)
	if err != nil {
		return err
	}
	defer log.Close()
	files := l.files
	files[1], files[2] = log.Fd(), log.Fd()
	pid, err := syscall.ForkExec(binary, argv(prefix, s), &syscall.ProcAttr{
		Dir: "/", Env: l.environ,
		Files: files[:],
		Sys: &syscall.SysProcAttr{
			Setsid:     true, // the terminal's Ctrl-C is not for nodes
			Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS,
		},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", binary, err)
	}
	l.pids[i] = pid
	return nil
}

// nodes identifies what was started: a child keeps its number until it is waited for.
func (l *launch) nodes() ([]noderuntime.Node, error) {
	nodes := make([]noderuntime.Node, len(l.specs))
	for i, s := range l.specs {
		p, err := proc.Open(l.pids[i])
		if err == nil {
			nodes[i], err = nodeOf(p, s.Testbed, s.Node)
			p.Close()
		}
		if errors.Is(err, proc.ErrGone) {
			err = errors.Join(l.died(), err)
		}
		if err != nil {
			return nil, fmt.Errorf("identifying node %s: %w", s.Node, err)
		}
	}
	return nodes, nil
}

// wait returns when every node has said that it is ready.
func (l *launch) wait(ctx context.Context, progress func(int)) error {
	buffer, line := make([]byte, 4096), []byte(nil)
	last := time.Now()
	for len(l.missing) > 0 {
		if err := l.ready.SetReadDeadline(time.Now().Add(tick)); err != nil {
			return err
		}
		n, err := l.ready.Read(buffer)
		if n > 0 {
			last = time.Now()
			line = l.tick(append(line, buffer[:n]...))
			if progress != nil {
				progress(len(l.specs) - len(l.missing))
			}
			continue
		}
		if died := errors.Join(context.Cause(ctx), l.died()); died != nil {
			return died
		}
		if errors.Is(err, io.EOF) && time.Since(last) < patience {
			time.Sleep(time.Millisecond) // the last node closed its files, and is a moment away from having died
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(last) > patience {
			return fmt.Errorf("nodes %s did not become ready (%w); see their logs in %s", l.missingNames(), err, l.specs[0].Dir)
		}
	}
	return errors.Join(context.Cause(ctx), l.died())
}

// tick strikes out the nodes whose names text holds, and returns the incomplete rest.
func (l *launch) tick(text []byte) []byte {
	for {
		name, rest, ok := bytes.Cut(text, []byte{'\n'})
		if !ok {
			return text
		}
		if l.missing[string(name)]--; l.missing[string(name)] <= 0 {
			delete(l.missing, string(name))
		}
		text = rest
	}
}

func (l *launch) missingNames() string {
	names := make([]string, 0, len(l.missing))
	for name := range l.missing {
		names = append(names, name)
	}
	slices.Sort(names)
	if more := len(names) - 5; more > 0 {
		names = append(names[:5], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// died waits for nodes that have ended already and says so.
func (l *launch) died() error {
	var failed []error
	for i, pid := range l.pids {
		status, gone := waitFor(pid, unix.WNOHANG)
		if !gone {
			continue
		}
		l.pids[i] = 0
		if len(failed) < 3 { // they mostly die of the same
			path := logPath(l.specs[i])
			failed = append(failed, fmt.Errorf("node %s ended (%s) before it was ready: %s [%s]", l.specs[i].Node, describe(status), lastLines(path), path))
		}
	}
	return errors.Join(failed...)
}

// commit lets the nodes outlive this process. A pipe takes 4096 bytes at once, all or none.
func (l *launch) commit() error {
	if _, err := l.committed.Write(make([]byte, len(l.pids))); err != nil {
		return fmt.Errorf("letting the nodes go on: %w", err)
	}
	return nil
}

// undo kills what was started and waits for its end.
func (l *launch) undo(names string) error {
	var failed []error
	for i, pid := range l.pids {
		if pid == 0 {
			continue
		}
		if err := unix.Kill(pid, unix.SIGKILL); err != nil && err != unix.ESRCH {
			failed = append(failed, fmt.Errorf("killing node %s: %w", l.specs[i].Node, err))
			l.pids[i] = 0
		}
	}
	for _, pid := range l.pids {
		waitFor(pid, 0)
	}
	return errors.Join(append(failed, noderuntime.RemoveNamesOfSpecs(names, l.specs))...)
}

func (l *launch) closeChildEnds() {
	l.childReady.Close()
	l.childEnd.Close()
	l.null.Close()
}

func (l *launch) close() {
	for _, f := range []*os.File{l.ready, l.childReady, l.committed, l.childEnd, l.null} {
		f.Close() // of nil or what is closed already: an error that says so
	}
}

// adopt remembers children, so that they are waited for when they are gone.
func (r *Runtime) adopt(pids []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, pid := range pids {
		r.children[pid] = struct{}{}
	}
}

// reap waits for those of this process's own nodes that have ended.
func (r *Runtime) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for pid := range r.children {
		if _, gone := waitFor(pid, unix.WNOHANG); gone {
			delete(r.children, pid)
		}
	}
}

// waitFor waits for a child. gone is whether there is no such child any more.
func waitFor(pid, options int) (status unix.WaitStatus, gone bool) {
	if pid == 0 {
		return 0, false
	}
	for {
		got, err := unix.Wait4(pid, &status, options, nil)
		if err != unix.EINTR {
			return status, err != nil || got == pid
		}
	}
}

func describe(s unix.WaitStatus) string {
	if s.Signaled() {
		return s.Signal().String()
	}
	return fmt.Sprintf("status %d", s.ExitStatus())
}
