package spread

import (
	"context"
	"time"

	"golang.org/x/net/bpf"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/health"
	"testbed/emulator/internal/exchange"
	"testbed/emulator/internal/readfile"
	"testbed/emulator/internal/runkey"
	"testbed/emulator/machines"
)

// Service is the agent's service that carries a machine's part of a network.
const Service = "fabric"

// mostAsked and mostAnswered are how many bytes a request and a reply may have. What a reply's bytes stand for may take
// two hundred times as much memory here, and an agent may lie; one about a network of 5000 nodes is some 2 MiB.
const (
	mostAsked    = 256 * readfile.MiB
	mostAnswered = 8 * readfile.MiB
)

// The operations. A stream has one: a request, a reply. A stream that ends before calls the operation off.
const (
	opListen    = "listen"    // has the machine listen, and says where it does
	opApply     = "apply"     // makes the machine's part of a network, or changes it
	opReshape   = "reshape"   // the same, where it is of the same structure, without a look at the stations
	opInspect   = "inspect"   // what is in force
	opCounters  = "counters"  // of that, the queues
	opHealth    = "health"    // how punctual it is
	opConnected = "connected" // waits until packets can go to the other machines
	opWatch     = "watch"     // is answered when the part is lost
	opTap       = "tap"       // shows packets as they leave queues of the machine's, until a byte comes
	opClose     = "close"     // removes it
)

// request is what the controller asks of an agent.
type request struct {
	Op       string
	Testbed  string
	Machine  string        // ID of the machine that is asked
	Host     string        // opListen: name or address at which the others reach the machine; empty: its own first one
	Network  []byte        // opApply, opReshape: as by fabric.Network.Encode
	Part     part          // the same
	Run      int64         // the same: when the network's run began, by the machine's clock, ns; 0: no trace needs it
	Since    uint64        // opHealth: number of the first spell
	Each     bool          // opHealth: of each station as well
	Patience time.Duration // opConnected: how long to wait
	Queues   []fabric.QueueName
	Filter   []bpf.RawInstruction // opTap, both
}

// tapped is a message of opTap's: packets, and after them until when all were told, or how it ended.
type tapped struct {
	Packets exchange.Frames
	Until   time.Duration // by the machine's CLOCK_MONOTONIC; 0: not told
	Lost    []uint64
	Ended   bool
	Failure *exchange.Failure
}

// part is what a machine is told of who carries what.
type part struct {
	Partition machines.Partition
	Self      int        // index into Partition.Machines
	Addresses []string   // by machine: host:port; empty: those that the agent was told before
	Key       runkey.Key // the zero value: the one that the agent was told before
}

// reply is an agent's answer.
type reply struct {
	Failure *exchange.Failure
	Absent  []string   // stations whose namespace is not there
	Address string     // opListen: host:port
	Began   bool       // opApply, opReshape: the machine's fabric began anew
	Up      bool       // opListen: the agent has a network of this testbed
	Key     runkey.Key // opListen: its
	Status  fabric.Status
	Health  health.Health
}

// kinds are the errors that callers tell apart.
var kinds = exchange.Kinds{
	"not running":   fabric.ErrNotRunning,
	"not supported": fabric.ErrNotSupported,
	"absent":        fabric.ErrAbsent,
	"ended":         userspace.ErrEnded,
	"lost":          userspace.ErrLost,
	"apart":         userspace.ErrApart,
	"elsewhere":     errElsewhere,
	"canceled":      context.Canceled,
	"deadline":      context.DeadlineExceeded,
}
