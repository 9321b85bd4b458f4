package statesim

import (
	"testbed/emulator/placement/simnet"
	"testbed/emulator/topology"
)

// network is the edge network and, beside it, the cloud: at the same distance from every host, over no
// link of the edge network.
type network struct {
	paths   *simnet.Network
	latency float64 // to the cloud, one way, s
	rate    float64 // to the cloud, bit/s
}

// cloud is the time, in seconds, of a message to or from the cloud, which alone propagates. It is in
// float64, unlike the edge network's.
func (n *network) cloud(bytes int64) float64 {
	if bytes == 0 {
		return 0
	}
	return n.latency + float64(8*bytes)/n.rate
}

// edge is the time, in seconds, of a message between hosts.
func (n *network) edge(from, to topology.ID, bytes int64) float64 {
	return n.paths.Transfer(from, to, bytes)
}

// traffic is a message's bytes times the links that it crosses.
func (n *network) traffic(from, to topology.ID, bytes int64) int64 {
	return bytes * int64(n.paths.Hops(from, to))
}

// exchange is edge and traffic of a message and of one back.
func (n *network) exchange(from, to topology.ID, there, back int64) (seconds float64, traffic int64) {
	out, in := n.paths.Class(from, to), n.paths.Class(to, from)
	seconds = n.paths.Time(out, there) + n.paths.Time(in, back)
	if out != simnet.None {
		traffic += there * int64(n.paths.Links(out))
	}
	if in != simnet.None {
		traffic += back * int64(n.paths.Links(in))
	}
	return seconds, traffic
}
