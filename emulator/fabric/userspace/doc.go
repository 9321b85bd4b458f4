// Package userspace is the fabric for kernels without netem, and for scale: each station's interface is a
// TAP device whose other end is one process, which carries a packet along its path in arithmetic and
// writes it to the destination's device when it is due.
//
// The pure part (core, queue, table, frame) is driven by times and packets and touches no kernel object;
// the engine drives it from one thread that sleeps to the nanosecond; the process holds the engine and
// outlives the program that started it; Fabric is the client that starts, asks, changes and ends it.
//
// What differs from a kernel's own queue: a TAP device gives its sender no back-pressure, so a program
// that floods with UDP loses packets in the device's ring rather than being blocked.
//
// A queue that is changed while packets wait in it lets them leave at the new rate, so that a change is in
// force at once; packets that have left keep their arrival. Packets that come to a link, host or switch
// that is down vanish there, and count as lost on a link's queue; those that have joined the link's queue
// are beyond. Packets from one group of a partition to another vanish at the sender.
//
// # What is emulated beside IPv4 between two stations
//
// Every router on a packet's way (see fabric.Routers: switches, exchanges, shared media) takes one from its time to
// live; where that is over, the router answers with ICMP's time exceeded, from its own address (fabric.RouterAddr),
// after the time that packet and message take there and back. A packet to an address that no station has, or to
// a station that cannot be reached, comes as far as the sender's first router, which answers that the host is
// unreachable (from 192.0.0.8 where there is no router), so that a connection fails at once. A station gets at
// most a thousand such messages a second.
//
// What is sent to a group (224.0.0.0/4), to 255.255.255.255 or to the network's own broadcast address goes to
// all stations of the sender's segment: those that it reaches through switches, shared media and links alone. An
// exchange, as a host, parts segments. Such a frame joins each queue on the tree of ways once, and its time to live
// is not touched, since within a segment nothing is routed: the default of 1 suffices. Groups are not learnt; the
// receivers' kernels drop what no program of theirs has joined. A station has routes for both kinds of addresses.
//
// # What is not
//
// IPv6, ARP (addresses are known, and nobody has to ask for them) and all other protocols beside IPv4: counted as
// StationStatus.Ignored. A second address that somebody gives to a station's interface, and a route by way of
// another station, for without ARP a frame does not say whom it is to pass: their packets are unreachable, and
// counted as such. Packets that could not be read or written count as StationStatus.Errors, and so do
// those for which the device's ring had no room.
//
// # What Apply observes
//
// Every Apply, also of a network that differs in nothing, looks into each station's namespace: whether the device
// is there, under its name, with its addresses, flags, routes and variables, and connected to this process. It
// mends what differs and touches nothing else. A change of shapes, and of what is down, is in force before that.
// A station whose device vanishes while its namespace lives ends a Watch.
package userspace

import (
	"testbed/emulator/fabric"
)

// ProcessName is argv[0] of the process that carries the packets, by which it is found after a crash.
const ProcessName = "tb-fabric"

// Command is the hidden command that makes a program the process that carries a testbed's packets.
const Command = "fabric-process"

// Stats are the counters of a fabric process that belong to no queue.
type Stats struct {
	PID      int `json:"pid"`
	Stations int `json:"stations"`
	// Calibration is how late, in ns, the engine's thread wakes on this host after sleeps of less than 1 ms,
	// less than 10 ms, and more. It is taken off the delay of packets that woke it.
	Calibration [3]int64 `json:"calibration_ns"`
	UnderWay    int      `json:"under_way"` // packets
	Drops
	// DownAt counts Drops.Down by the name of the link, host or switch that was down.
	DownAt      map[string]uint64 `json:"down_at,omitempty"`
	WriteErrors uint64            `json:"write_errors"` // frames that a station did not take
}

// Operations that the process is asked for.
const (
	opApply   = "apply" // makes the network
	opAlter   = "alter" // changes its state
	opInspect = "inspect"
	opWatch   = "watch" // is answered when a station is lost
)

// question is what a client asks of the process; answer is the reply.
// protocol is the version of questions and answers. A process of another one refuses.
const protocol = 3

type request struct {
	Protocol int
	Op       string
	Network  []byte // as by fabric.Network.Encode
	State    *state // for opAlter
	Bare     bool   // nothing is to be looked at in the stations' namespaces, by opAlter and opInspect
}

type reply struct {
	Err     string
	Differs bool     // to opAlter: in more than its state, so that nothing was done
	Lost    bool     // to opWatch: Err is about a station
	Absent  []string // stations whose namespace is not there
	Status  fabric.Status
	Stats   Stats
}
