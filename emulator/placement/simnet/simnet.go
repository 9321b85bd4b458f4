// Package simnet is the network as the study's simulator sees it: messages are stored and forwarded
// whole by every link, nothing propagates, and the way from one node to another is the reverse of the
// shortest path back. Placements, whether for emulation or simulation, are made with it.
package simnet

import (
	"testbed/emulator/topology"
)

// Network holds the shortest paths of one topology. It is safe for concurrent use.
type Network struct {
	topology *topology.Topology
}

// New prepares the network of a topology's edge part: the cloud is not in it.
func New(t *topology.Topology) *Network { return &Network{topology: t} }

// Transfer is the time, in seconds, of a message of the given size.
func (n *Network) Transfer(from, to topology.ID, bytes int64) float64 { return 0 }

// Hops is the number of links on the way.
func (n *Network) Hops(from, to topology.ID) int { return 0 }
