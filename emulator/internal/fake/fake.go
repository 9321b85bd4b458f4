// Package fake has both seams in memory, for tests of what stands on them: a machine on which nodes are FaaS agents
// in this process, at addresses of the loopback network, and a network is what was last put into it. Both do what
// the seams demand, and fail, die and are tampered with as a test says.
package fake

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"

	"testbed/emulator/noderuntime"
)

// Machine is the host. All of its methods may be called at the same time.
type Machine struct {
	// Subnet is a part of the loopback network for the addresses of a test's nodes, and no other test's that runs at
	// the same time.
	Subnet netip.Prefix

	claim io.Closer // of the subnet

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
	m := &Machine{nodes: map[key]*node{}, networks: map[string]*network{}, failures: map[string]error{}}
	m.Subnet, m.claim = subnet()
	return m
}

// subnet finds 254 addresses of the loopback network that no other test has, in this process or another: who has
// them listens at the last one for as long as the machine is used.
func subnet() (netip.Prefix, io.Closer) {
	for range 100 {
		prefix := [4]byte{127, byte(1 + rand.IntN(250)), byte(rand.IntN(256)), 0}
		last := prefix
		last[3] = 254
		listener, err := net.Listen("tcp4", netip.AddrPortFrom(netip.AddrFrom4(last), claimPort).String())
		if err == nil {
			return netip.PrefixFrom(netip.AddrFrom4(prefix), 24), listener
		}
	}
	panic("fake: no part of the loopback network is free")
}

// claimPort is where a claim to a subnet listens: not where its nodes do.
const claimPort = 8079

// ErrKilled is what a test lets a point fail with to kill the controller there: whoever calls panics with it, having
// done nothing, or all at a point that After made.
var ErrKilled = errors.New("the controller is killed")

// After is the point behind what is done at another, where only ErrKilled has an effect.
func After(point string) string { return "after " + point }

// Points at which a machine can be made to fail.
const (
	Start   = "start"   // nodes: none starts
	Stop    = "stop"    // of nodes, or their removal: none goes
	Look    = "look"    // at nodes
	Apply   = "apply"   // of a network: nothing changes
	Half    = "half"    // of a network: half of the queues change
	Inspect = "inspect" // of a network
	Close   = "close"   // of a network: it stays
	Engine  = "engine"  // that a runtime needs: it does not answer
)

// Fail makes all that is done at a point fail with err, until it is told so with nil.
func (m *Machine) Fail(point string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failures[point] = err
}

// Failure is why something at a point fails; nil: it does not.
func (m *Machine) Failure(point string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failure(point)
}

// failure is Failure for a caller that has the lock.
func (m *Machine) failure(point string) error {
	err := m.failures[point]
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrKilled) {
		panic(ErrKilled)
	}
	return fmt.Errorf("%s: %w", point, err)
}

// done is called where something was done at a point; the caller has the lock.
func (m *Machine) done(point string) {
	if errors.Is(m.failures[After(point)], ErrKilled) {
		panic(ErrKilled)
	}
}

// Empty says whether neither a node nor a network is left.
func (m *Machine) Empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.nodes) == 0 && len(m.networks) == 0
}
