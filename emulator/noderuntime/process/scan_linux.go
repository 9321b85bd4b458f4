package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"testbed/emulator/internal/proc"
	"testbed/emulator/noderuntime"
)

// Find finds nodes by their command lines, whoever started them, among the processes that only this program
// can have started; see proc.Process.Ours.
func (r *Runtime) Find(ctx context.Context, testbed string) ([]noderuntime.Node, error) {
	r.reap()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return scan(testbed)
}

// Inspect tells the nodes whose first process is still the one that was started from those that are dead. One
// whose first process a signal has stopped is paused. None restarts by itself.
func (r *Runtime) Inspect(ctx context.Context, nodes []noderuntime.Node) ([]noderuntime.Condition, error) {
	r.reap()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	all := make([]noderuntime.Condition, len(nodes))
	for i, n := range nodes {
		all[i] = noderuntime.Condition{State: noderuntime.Dead, Node: n}
		p, err := noderuntime.Hold(n)
		if err == nil {
			if all[i].State = noderuntime.Running; p.Stopped() {
				all[i].State = noderuntime.Paused
			}
			p.Close()
		} else if !errors.Is(err, noderuntime.ErrNoSuchNode) {
			return nil, err
		}
	}
	return all, nil
}

// scan finds the nodes of a testbed, or of all, sorted by testbed and name.
func scan(testbed string) ([]noderuntime.Node, error) {
	pids, err := proc.All()
	if err != nil {
		return nil, fmt.Errorf("looking for nodes: %w", err)
	}
	var nodes []noderuntime.Node
	for _, pid := range pids {
		id, ok := identify(pid)
		if !ok || testbed != "" && id.testbed != testbed {
			continue
		}
		if n, ok := proved(pid); ok && !proc.IsHostNamespace("net", n.Inode) && (testbed == "" || n.Testbed == testbed) {
			nodes = append(nodes, n)
		}
	}
	slices.SortFunc(nodes, func(a, b noderuntime.Node) int {
		return cmp.Or(cmp.Compare(a.Testbed, b.Testbed), cmp.Compare(a.Node, b.Node), cmp.Compare(a.PID, b.PID))
	})
	return nodes, nil
}

// proved is the node whose first process has the number, if it can be proved to be one.
func proved(pid int) (noderuntime.Node, bool) {
	p, err := proc.Open(pid)
	if err != nil {
		return noderuntime.Node{}, false
	}
	defer p.Close()
	line, err := p.CommandLine()
	if err != nil {
		return noderuntime.Node{}, false
	}
	id, ok := parseCommandLine(line)
	if !ok || noderuntime.CheckNames(id.testbed, id.node) != nil || !p.FirstInside() || p.Ours() != nil {
		return noderuntime.Node{}, false
	}
	n, err := nodeOf(p, id.testbed, id.node)
	return n, err == nil
}

// nodeOf is the node whose first process is p.
func nodeOf(p *proc.Process, testbed, node string) (noderuntime.Node, error) {
	inode, err := p.NamespaceID("net")
	if err != nil {
		return noderuntime.Node{}, err
	}
	return noderuntime.Node{
		Testbed: testbed, Node: node, PID: p.PID, Start: p.Start, NetNS: netnsPath(p.PID), Inode: inode,
	}, nil
}

func netnsPath(pid int) string { return fmt.Sprintf("/proc/%d/ns/net", pid) }

// identify reads what a process's command line says, which proves nothing; one that is gone says nothing.
func identify(pid int) (identity, bool) { return parseCommandLine(proc.CommandLineOf(pid)) }
