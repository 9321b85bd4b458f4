// Package fabric is the seam behind which a topology becomes a network that carries packets between
// network namespaces. Its implementations realise one model: every queue of a link is a FIFO with a
// rate, a propagation delay, jitter, loss and a byte limit, a shared medium is one such FIFO for
// everybody, and a packet takes the shortest path.
package fabric

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"testbed/emulator/health"
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
	// Down are the links, hosts, switches and exchanges that carry nothing at the moment. Packets that would pass them
	// vanish, and the last router in front tells their sender that their destination is unreachable; routes do not change.
	Down []topology.ID
	// ARP says that stations ask for their neighbours' hardware addresses, as on Ethernet, so that frames say by way of
	// which station they are to go. Otherwise all know all. Networks of the kernel's devices alone need none.
	ARP bool
	// Partition are groups of stations of which no packet reaches another group. Stations in none of them
	// form one more group. Empty: there is no partition.
	Partition [][]topology.ID
	// Run is when the traces that begin with a run (linktrace.Trace.WithRun) did, on all links alike: ns of the host's
	// CLOCK_MONOTONIC. 0: there is no run, and they began when the network was made, as all others.
	Run int64
}

// Station is a host's attachment to the network.
type Station struct {
	ID      topology.ID
	NetNS   netns.Ref         // the network namespace
	Addr    netip.Prefix      // the station's address and the network's prefix
	Sysctls map[string]string // set in the namespace, e.g. net/ipv4/tcp_congestion_control: cubic
	// Addresses are further ones, of IPv4 and IPv6, each with the prefix of a network of its own. Every station reaches
	// them as it does the first.
	Addresses []netip.Prefix
	Routes    []Route // of its own
	Forwards  bool    // it sends on what is for others, as a router does
}

// Fabric makes, changes and removes one testbed's network.
type Fabric interface {
	// Name is the word in the scenario: userspace or netem.
	Name() string
	// Apply makes the network as wanted, whatever there is: it compares what it observes, never what it
	// remembers, with want, creates what is missing, changes what differs, and removes what is wanted no more;
	// stations, switches and links come and go. On a network that is up it touches only what differs, and
	// loses no packet by the change itself. After an error nothing that Close cannot remove is left, and the
	// next Apply, of whatever network, makes that one. Stations whose namespace is not there are left out and
	// all else is made: the error is then an *AbsentError.
	Apply(ctx context.Context, want Network) error
	// Inspect reads back what is in force from what carries it, with counters.
	Inspect(ctx context.Context) (Status, error)
	// Close removes the network. It needs no earlier Apply by this process and may be repeated.
	Close(ctx context.Context) error
}

// Reshaper is implemented by fabrics on which changing queues and faults alone is much cheaper than Apply, which
// looks at all there is.
type Reshaper interface {
	// Reshape puts the shapes, limits, what is down and the partition of want in force, at once, where the network
	// is of the same structure, with the MTUs of stations' interfaces, and looks at nothing else. Where it is not, it does
	// what Apply does.
	Reshape(ctx context.Context, want Network) error
}

// Counter is implemented by fabrics that tell of their queues, time and again, for much less than Inspect takes.
type Counter interface {
	// Counters is what Inspect says of the queues.
	Counters(ctx context.Context) ([]QueueStatus, error)
}

// Counters is what a fabric says of its queues, by the cheapest way that it has.
func Counters(ctx context.Context, f interface {
	Inspect(context.Context) (Status, error)
}) ([]QueueStatus, error) {
	if c, ok := f.(Counter); ok {
		return c.Counters(ctx)
	}
	status, err := f.Inspect(ctx)
	return status.Queues, err
}

// ErrNoHealth says that a fabric does not tell how punctual it is.
var ErrNoHealth = errors.New("the fabric does not tell of its lateness")

// Healthy is implemented by fabrics that know how punctual they are.
type Healthy interface {
	// Health is how well the fabric has kept time, with its spells from number since on, as far as they are known
	// and many at a time, and each station where that is asked for. While it is asked at least every few seconds, it
	// notices as well that it did not run when there was nothing to do.
	Health(ctx context.Context, since uint64, each bool) (health.Health, error)
}

// Clocked is implemented by fabrics over several machines, each with a clock of its own.
type Clocked interface {
	// Clocks makes instants of the machines' CLOCK_MONOTONIC, by the machines' IDs, such of this host's, as far as these
	// can be told now.
	Clocks(ctx context.Context) (map[string]func(time.Duration) time.Duration, error)
}

// Dependent is implemented by fabrics whose network outlives the process that made it, and that can make one which
// does not.
type Dependent interface {
	// Depend makes the network that Apply is going to make end with this process, however that ends.
	Depend()
}

// Watcher is implemented by fabrics that can end by themselves.
type Watcher interface {
	// Watch blocks until the fabric has ended, which is an error, or ctx has, which is none.
	Watch(ctx context.Context) error
}

// ErrAbsent is wrapped by errors about stations whose namespace is not there.
var ErrAbsent = errors.New("not there")

// ErrNotRunning is wrapped by errors of Inspect, and others that ask a network that is up, where there is none
// or the process that carries it has ended.
var ErrNotRunning = errors.New("nothing carries the network")

// AbsentError says which stations could not be attached, as their nodes do not run. All else is as wanted.
type AbsentError struct {
	Stations []string // names, in the network's order
}

func (e *AbsentError) Error() string {
	return fmt.Sprintf("the network namespace of %s is %v", strings.Join(e.Stations, ", "), ErrAbsent)
}

// Unwrap is ErrAbsent.
func (e *AbsentError) Unwrap() error { return ErrAbsent }

// Status is a network as it is in force.
type Status struct {
	Queues   []QueueStatus   `json:"links"`
	Stations []StationStatus `json:"stations"` // those that the fabric was told to attach
}

// StationStatus is one station's attachment as it is in force, with what was not carried for it.
type StationStatus struct {
	Name     string `json:"name"`
	Attached bool   `json:"attached"`       // false: it carries nothing for the station
	Note     string `json:"note,omitempty"` // why it does not, or what differs from what was wanted
	Packets  uint64 `json:"packets"`        // that it was given
	// Unreachable counts packets to addresses that no station has; Ignored those of kinds that the fabric does
	// not emulate; Errors those that the host lost when they were read or written.
	Unreachable uint64 `json:"unreachable"`
	Ignored     uint64 `json:"ignored"`
	Errors      uint64 `json:"errors"`
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
	MTU       int            `json:"mtu_bytes,omitempty"` // 0: 1500
	Down      bool           `json:"down,omitempty"`
	Limit     units.ByteSize `json:"limit_bytes"`
	// Trace names what the queue follows; rate and all that the trace gives are then those of its mean. Began is when it
	// began, in ns of CLOCK_MONOTONIC, and Since how long ago that was. Delays names the distribution that delays are
	// drawn from: of these Delay is the mean, and Jitter what the least is below that.
	Trace   string        `json:"trace,omitempty"`
	Began   int64         `json:"trace_began_ns,omitempty"`
	Since   time.Duration `json:"trace_since_ns,omitempty"`
	Delays  string        `json:"delays,omitempty"`
	Packets uint64        `json:"packets"` // sent on
	Bytes   uint64        `json:"bytes"`   // sent on, Ethernet frames
	Dropped uint64        `json:"dropped"` // for want of room
	Lost    uint64        `json:"lost"`    // by the loss wanted
	// Errors are packets that the host lost at its devices, both ways, or that could not be handed over to the machine at
	// the link's other end.
	Errors uint64 `json:"errors,omitempty"`
	Note   string `json:"note,omitempty"`
}
