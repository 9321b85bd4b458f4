// Package fabric is the seam behind which a topology becomes a network that carries packets between
// network namespaces. Its implementations realise one model: every queue of a link is a FIFO with a
// rate, a propagation delay, jitter, loss and a byte limit, a shared medium is one such FIFO for
// everybody, and a packet takes the shortest path.
package fabric

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"testbed/emulator/netns"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// ErrNotSupported is wrapped by errors that say what this host lacks for a fabric.
var ErrNotSupported = errors.New("not supported on this host")

// Interface is the name of a station's network interface inside its namespace.
const Interface = "eth0"

// Network is the network wanted.
type Network struct {
	Testbed  string // name of the testbed, [a-z0-9-]
	Topology *topology.Topology
	Stations []Station
	Queues   map[topology.Channel]units.ByteSize // byte limit of every queue
	Seed     uint64                              // of loss and jitter
	// Down are the links, hosts, switches and exchanges that carry nothing at the moment. Packets that
	// would pass them vanish; routes do not change.
	Down []topology.ID
	// Partition are groups of stations of which no packet reaches another group. Stations in none of them
	// form one more group. Empty: there is no partition.
	Partition [][]topology.ID
}

// Station is a host's attachment to the network.
type Station struct {
	ID      topology.ID
	NetNS   netns.Ref         // the network namespace
	Addr    netip.Prefix      // the station's address and the network's prefix
	Sysctls map[string]string // set in the namespace, e.g. net/ipv4/tcp_congestion_control: cubic
}

// Fabric makes, changes and removes one testbed's network.
type Fabric interface {
	// Name is the word in the scenario: userspace or netem.
	Name() string
	// Apply makes the network as wanted: it creates what is missing and changes what differs. After an
	// error nothing that Close cannot remove is left. On a network that is up it touches only what differs,
	// and loses no packet by the change itself.
	Apply(ctx context.Context, want Network) error
	// Inspect reads back what is in force, one entry a queue, with its counters.
	Inspect(ctx context.Context) ([]QueueStatus, error)
	// Close removes the network. It needs no earlier Apply by this process and may be repeated.
	Close(ctx context.Context) error
}

// Watcher is implemented by fabrics that can end by themselves.
type Watcher interface {
	// Watch blocks until the fabric has ended, which is an error, or ctx has, which is none.
	Watch(ctx context.Context) error
}

// QueueStatus is one queue as it is in force.
type QueueStatus struct {
	Link      string         `json:"link"`
	Dir       int            `json:"dir"`
	From      string         `json:"from"` // the neighbours that use it, comma separated
	Rate      units.BitRate  `json:"rate_bps"`
	Delay     time.Duration  `json:"delay_ns"`
	Jitter    time.Duration  `json:"jitter_ns"`
	Loss      float64        `json:"loss"`
	Reorder   float64        `json:"reorder,omitempty"`
	Duplicate float64        `json:"duplicate,omitempty"`
	Corrupt   float64        `json:"corrupt,omitempty"`
	Down      bool           `json:"down,omitempty"`
	Limit     units.ByteSize `json:"limit_bytes"`
	Packets   uint64         `json:"packets"` // sent on
	Bytes     uint64         `json:"bytes"`   // sent on, Ethernet frames
	Dropped   uint64         `json:"dropped"` // for want of room
	Lost      uint64         `json:"lost"`    // by the loss wanted
	Note      string         `json:"note,omitempty"`
}
