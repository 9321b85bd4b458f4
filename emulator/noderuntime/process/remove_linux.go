package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/cgroups"
	"testbed/emulator/internal/proc"
	"testbed/emulator/noderuntime"
)

const (
	goneWithin = 5 * time.Second      // a killed process must be gone
	rescan     = 3 * time.Millisecond // a process between clone and exec does not yet look like a node
	batch      = 256                  // processes killed together: each costs a file descriptor
)

// Remove kills the first process of every node of a testbed, which takes all others in the node along,
// waits until they are gone, and removes the nodes' names. It fails where one is not gone within 5 s.
func (r *Runtime) Remove(ctx context.Context, testbed string, nodes []noderuntime.Node) error {
	if testbed == "" {
		return errors.New("removing nodes: no testbed is named")
	}
	found := nodes
	for empty := 0; empty < 2; {
		for len(found) > 0 {
			n := min(len(found), batch)
			err := killAll(ctx, found[:n])
			r.reap()
			if err != nil {
				return err
			}
			found = found[n:]
		}
		var err error
		if found, err = scan(testbed); err != nil {
			return err
		}
		if len(found) > 0 {
			empty = 0
		} else if empty++; empty < 2 {
			time.Sleep(rescan)
		}
	}
	r.reap()
	return errors.Join(cgroups.RemoveAll(testbed), noderuntime.RemoveNames(r.Names, testbed))
}

// Stop kills the first process of each of the nodes, and removes their names.
func (r *Runtime) Stop(ctx context.Context, nodes []noderuntime.Node) error {
	for found := range slices.Chunk(nodes, batch) {
		err := killAll(ctx, found)
		r.reap()
		if err != nil {
			return err
		}
	}
	return noderuntime.RemoveNamesOf(r.Names, nodes)
}

// victim is a process held on to: it cannot become another one in between.
type victim struct {
	*proc.Process
	node string
}

// killAll kills nodes and waits until they are gone.
func killAll(ctx context.Context, nodes []noderuntime.Node) error {
	var victims []victim
	defer func() {
		for _, v := range victims {
			v.Close()
		}
	}()
	for _, n := range nodes {
		p, err := noderuntime.Hold(n)
		if errors.Is(err, noderuntime.ErrNoSuchNode) {
			continue // it ended in the meantime
		}
		if err != nil {
			return fmt.Errorf("removing node %s: %w", n.Node, err)
		}
		victims = append(victims, victim{p, n.Node})
		if err := p.Signal(unix.SIGKILL); err != nil && !errors.Is(err, proc.ErrGone) {
			return fmt.Errorf("killing node %s: %w", n.Node, err)
		}
	}
	deadline := time.Now().Add(goneWithin)
	for _, v := range victims {
		for !v.Ended(tick) {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("node %s is still there %v after it was killed", v.node, goneWithin)
			}
		}
	}
	return nil
}
