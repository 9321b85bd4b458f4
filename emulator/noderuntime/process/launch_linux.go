package process

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"testbed/emulator/internal/childenv"
	"testbed/emulator/internal/proc"
	"testbed/emulator/noderuntime"
)

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
			if errors.Is(err, proc.ErrGone) {
				p.Ended(patience) // a process's namespaces go before it can be waited for
			}
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
