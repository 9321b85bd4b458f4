package process

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"testbed/emulator/noderuntime"
)

// List finds nodes by their command lines, whoever started them.
func (r *Runtime) List(ctx context.Context, testbed string) ([]noderuntime.Node, error) {
	r.reap()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return scan(testbed)
}

// scan finds the nodes of a testbed, or of all, sorted by testbed and name.
func scan(testbed string) ([]noderuntime.Node, error) {
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("looking for nodes: %w", err)
	}
	pids, err := processes()
	if err != nil {
		return nil, fmt.Errorf("looking for nodes: %w", err)
	}
	var nodes []noderuntime.Node
	for _, pid := range pids {
		id, ok := identify(pid)
		if !ok || testbed != "" && id.testbed != testbed || !isFirst(pid) {
			continue
		}
		// Something that only looks like a node must not be killed as one.
		if net, err := os.Readlink(netnsPath(pid)); err != nil || net == own {
			continue
		}
		nodes = append(nodes, noderuntime.Node{Testbed: id.testbed, Node: id.node, PID: pid, NetNS: netnsPath(pid)})
	}
	slices.SortFunc(nodes, func(a, b noderuntime.Node) int {
		return cmp.Or(cmp.Compare(a.Testbed, b.Testbed), cmp.Compare(a.Node, b.Node), cmp.Compare(a.PID, b.PID))
	})
	return nodes, nil
}

func processes() ([]int, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func netnsPath(pid int) string { return fmt.Sprintf("/proc/%d/ns/net", pid) }

// identify reads what a process's command line says; a process that is gone or ending says nothing.
func identify(pid int) (identity, bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return identity{}, false
	}
	return parseCommandLine(data)
}

// isFirst tells whether a process is the first of a pid namespace below ours: NSpid lists its numbers from
// our namespace inwards.
func isFirst(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	_, after, ok := bytes.Cut(data, []byte("\nNSpid:"))
	if !ok {
		return false
	}
	line, _, _ := bytes.Cut(after, []byte{'\n'})
	numbers := bytes.Fields(line)
	return len(numbers) >= 2 && string(numbers[len(numbers)-1]) == "1"
}
