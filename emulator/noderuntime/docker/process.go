package docker

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"testbed/emulator/noderuntime"
)

// errStranger is wrapped by errors about a number that an engine tells and that is not the container's
// process on this machine.
var errStranger = errors.New("it is not the container's process on this machine")

// identity is by what a node's first process is known, beside its number.
type identity struct {
	start uint64 // in clock ticks after boot
	inode uint64 // of its network namespace

	stopped bool // by a signal, at the moment
}

// standing is how the process is that a node is recorded with.
type standing struct {
	recorded bool // it is there, in the recorded namespace, and is the container's first process
	stopped  bool // a signal has stopped it
}

// clockTick is the unit of a process's start time: USER_HZ, which the kernel's interface fixes.
const clockTick = 10 * time.Millisecond

// isID tells whether a text is the full ID of a container.
func isID(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// nodeOf is a node whose first process has the given number and identity.
func nodeOf(testbed, node, container string, pid int, i identity) noderuntime.Node {
	return noderuntime.Node{Testbed: testbed, Node: node, PID: pid, Start: i.start, Inode: i.inode,
		NetNS: fmt.Sprintf("/proc/%d/ns/net", pid), Container: container}
}
