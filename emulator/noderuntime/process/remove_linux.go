package process

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/noderuntime"
)

const (
	goneWithin = 5 * time.Second      // a killed process must be gone
	rescan     = 3 * time.Millisecond // a process between clone and exec does not yet look like a node
	batch      = 256                  // processes killed together: each costs a file descriptor
)

// Remove kills the first process of every node of a testbed, which takes all others in the node along,
// waits until they are gone, and removes the nodes' names. It fails where one is not gone within 5 s.
func (r *Runtime) Remove(ctx context.Context, testbed string) error {
	if testbed == "" {
		return errors.New("removing nodes: no testbed is named")
	}
	for empty := 0; empty < 2; {
		found, err := scan(testbed)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			if empty++; empty < 2 {
				time.Sleep(rescan)
			}
			continue
		}
		empty = 0
		err = killAll(ctx, found[:min(len(found), batch)])
		r.reap()
		if err != nil {
			return err
		}
	}
	r.reap()
	return removeNames(r.Names, testbed)
}

// victim is a process held by a pidfd: it cannot become another one in between.
type victim struct {
	node noderuntime.Node
	fd   int
}

// killAll kills nodes and waits until they are gone.
func killAll(ctx context.Context, nodes []noderuntime.Node) error {
	var victims []victim
	defer func() {
		for _, v := range victims {
			unix.Close(v.fd)
		}
	}()
	for _, n := range nodes {
		fd, err := unix.PidfdOpen(n.PID, 0)
		if err == unix.ESRCH {
			continue
		}
		if err != nil {
			return fmt.Errorf("removing node %s: %w", n.Node, err)
		}
		if id, ok := identify(n.PID); !ok || id.testbed != n.Testbed || id.node != n.Node {
			unix.Close(fd) // it ended in the meantime
			continue
		}
		victims = append(victims, victim{n, fd})
		if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && err != unix.ESRCH {
			return fmt.Errorf("killing node %s: %w", n.Node, err)
		}
	}
	return awaitEnd(ctx, victims)
}

func awaitEnd(ctx context.Context, victims []victim) error {
	deadline := time.Now().Add(goneWithin)
	waiting := make([]unix.PollFd, len(victims))
	name := map[int32]string{}
	for i, v := range victims {
		waiting[i] = unix.PollFd{Fd: int32(v.fd), Events: unix.POLLIN}
		name[int32(v.fd)] = v.node.Node
	}
	for len(waiting) > 0 {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("node %s is still there %v after it was killed", name[waiting[0].Fd], goneWithin)
		}
		if _, err := unix.Poll(waiting, int(tick/time.Millisecond)); err != nil && err != unix.EINTR {
			return fmt.Errorf("waiting for nodes to end: %w", err)
		}
		rest := waiting[:0]
		for _, p := range waiting {
			if p.Revents == 0 {
				rest = append(rest, p)
			}
		}
		waiting = rest
	}
	return nil
}
