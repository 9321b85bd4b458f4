// Package process runs a node as a process in network, mount, pid and uts namespaces of its own, with no
// engine: the testbed's own binary, whose arguments say what it is, so that nodes are found and removed
// without any record of them. Who only has such arguments is no node: see internal/proc.
package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"testbed/emulator/internal/program"
	"testbed/emulator/netns"
	"testbed/emulator/noderuntime"
)

const (
	// InitCommand is the argument that makes the binary a node; what follows it is for Init.
	InitCommand = "node-init"
	// ArgvZero is the name under which a node appears in a process list.
	ArgvZero = "tb-node"
	// DefaultNames is where `ip netns` looks for the names of network namespaces.
	DefaultNames = netns.Names
)

// File descriptors that a node is born with.
const (
	readyFD  = 3 // write end of the pipe in which it says that it is ready
	commitFD = 4 // read end of the pipe that lets it outlive its parent
)

// Runtime runs nodes as processes.
type Runtime struct {
	// Names is the directory where each node's network namespace gets the name tb-TESTBED.NODE, for
	// `ip netns exec`; empty: no names. (A testbed's name holds no dot, which keeps a node b-c of
	// testbed a apart from a node c of testbed a-b.)
	Names string
	// Dir tells a node's Spec.Dir, where its log is; nil: it is taken from a node that runs.
	Dir func(testbed, node string) string

	program program.Program
	prefix  []string

	mu       sync.Mutex
	children map[int]struct{} // nodes that this process started and has yet to wait for
}

var _ noderuntime.Runtime = (*Runtime)(nil)

// New returns a runtime whose nodes run the program p. The arguments prefix go before InitCommand.
func New(p program.Program, prefix []string) *Runtime {
	return &Runtime{Names: DefaultNames, program: p, prefix: slices.Clone(prefix), children: map[int]struct{}{}}
}

// Name returns "process".
func (*Runtime) Name() string { return Name }

// Ready tells the runtime that this node is ready; see noderuntime.Ready.
func Ready() error { return noderuntime.Ready() }

// identity is what a node's command line says about it.
type identity struct{ testbed, node, dir, hosts string }

// argv is the command line of a node.
func argv(prefix []string, s noderuntime.Spec) []string {
	line := append([]string{ArgvZero}, prefix...)
	line = append(line, InitCommand, s.Testbed, s.Node, s.Dir, s.HostsAt, "--")
	return append(line, s.Args...)
}

var errArguments = errors.New("want " + InitCommand + " TESTBED NODE DIR HOSTSFILE -- and the node's arguments")

// parseArguments splits what follows InitCommand.
func parseArguments(args []string) (identity, []string, error) {
	if len(args) < 5 || args[4] != "--" || args[0] == "" || args[1] == "" {
		return identity{}, nil, errArguments
	}
	return identity{args[0], args[1], args[2], args[3]}, args[5:], nil
}

// parseCommandLine reads a node's identity from its command line.
func parseCommandLine(line []string) (identity, bool) {
	if len(line) == 0 || line[0] != ArgvZero {
		return identity{}, false
	}
	at := slices.Index(line, InitCommand)
	if at < 0 {
		return identity{}, false
	}
	id, _, err := parseArguments(line[at+1:])
	return id, err == nil
}

var _ noderuntime.Checker = (*Runtime)(nil)

// Check says what is wrong with specs that could be known beforehand.
func (*Runtime) Check(specs []noderuntime.Spec) error {
	_, err := checkSpecs(specs)
	return err
}

// checkSpecs makes the paths of specs absolute and returns all that is wrong with them.
func checkSpecs(specs []noderuntime.Spec) ([]noderuntime.Spec, error) {
	return noderuntime.CheckSpecs(specs, func(s noderuntime.Spec) error {
		switch {
		case s.Image != "":
			return fmt.Errorf("node %s: the runtime process has no images (%s): "+
				"use --runtime docker, or take image out of the scenario: %w", s.Node, s.Image, noderuntime.ErrNotSupported)
		case s.Limits != noderuntime.Limits{}:
			return fmt.Errorf("node %s: the runtime process sets no limits of CPU and memory: "+
				"use --runtime docker, or resources: none: %w", s.Node, noderuntime.ErrNotSupported)
		}
		return nil
	})
}

// logPath is where a node's output goes.
func logPath(s noderuntime.Spec) string { return filepath.Join(s.Dir, s.Node+".log") }

// lastLines is the end of a node's log, for an error message.
func lastLines(path string) string {
	const most = 500
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if len(data) > most {
		data = data[len(data)-most:]
	}
	return strings.TrimSpace(string(data))
}
