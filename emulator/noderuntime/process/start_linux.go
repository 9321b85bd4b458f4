package process

import (
	"context"
	"errors"
	"fmt"
	"time"

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
func (r *Runtime) Start(
	ctx context.Context, specs []noderuntime.Spec, progress func(int),
) (nodes []noderuntime.Node, err error) {
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
