// Package fake has both seams in memory, for tests of what stands on them: a machine on which nodes are FaaS agents
// in this process, at addresses of the loopback network, and a network is what was last put into it. Both do what
// the seams demand, and fail, die and are tampered with as a test says.
package fake

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"

	"testbed/emulator/noderuntime"
)

// Machine is the host. All of its methods may be called at the same time.
type Machine struct {
	// Subnet is a part of the loopback network for the addresses of a test's nodes. Other tests that run at the
	// same time have other ones, most probably.
	Subnet netip.Prefix

	mu       sync.Mutex
	nodes    map[key]*node
	networks map[string]*network
	last     uint64 // number of the last node that was started
	failures map[string]error
	commands func(node noderuntime.Node, args []string, stdio noderuntime.Stdio) int
}

type key struct{ testbed, node string }

// New makes a machine on which nothing runs.
func New() *Machine {
	second := byte(1 + rand.IntN(250))
	return &Machine{Subnet: netip.PrefixFrom(netip.AddrFrom4([4]byte{127, second, 0, 0}), 16),
		nodes: map[key]*node{}, networks: map[string]*network{}, failures: map[string]error{}}
}

// Points at which a machine can be made to fail.
const (
	Start   = "start"   // nodes: none starts
	Stop    = "stop"    // of nodes, or their removal: none goes
	Look    = "look"    // at nodes
	Apply   = "apply"   // of a network: nothing changes
	Half    = "half"    // of a network: half of the queues change
	Inspect = "inspect" // of a network
	Close   = "close"   // of a network: it stays
)

// Fail makes all that is done at a point fail with err, until it is told so with nil.
func (m *Machine) Fail(point string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failures[point] = err
}

// failure is why something at a point fails; the caller has the lock.
func (m *Machine) failure(point string) error {
	if err := m.failures[point]; err != nil {
		return fmt.Errorf("%s: %w", point, err)
	}
	return nil
}

// Empty says whether neither a node nor a network is left.
func (m *Machine) Empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.nodes) == 0 && len(m.networks) == 0
}
