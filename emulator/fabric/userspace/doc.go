// Package userspace is the fabric for kernels without netem, and for scale: each station's interface is a
// TAP device whose other end is one process, which carries a packet along its path in arithmetic and
// writes it to the destination's device when it is due.
//
// The pure part (core, queue, table, frame) is driven by times and packets and touches no kernel object;
// the engine drives it from one thread that sleeps to the nanosecond; the process holds the engine and
// outlives the program that started it; Fabric is the client that starts, asks, changes and ends it.
//
// # How a frame goes from TAP read to TAP write
//
//	engine_linux.go  receive      reads a frame, or a burst of TCP segments, from the sender's TAP device
//	core.go          arrive       takes it at the instant of the read (latency.go: less the host's own latency)
//	core.go          route        looks the path up and decrements the time to live; paths.go finds paths on first
//	                              use, segment.go those of multicast and broadcast, icmp.go those on which a router
//	                              answers
//	frame.go         segment      cuts a burst into frames where a queue on the path needs that
//	core.go          inject       makes a packet of it, with a buffer from packet.go's pool
//	core.go          forward      takes it to the next queue: faults.go drops it where something is down, impair.go
//	                              loses, duplicates or corrupts it
//	core.go          enqueue      tail drop, as queue.go's admit says; queue.go's transmit computes when the packet
//	                              departs and when it arrives at the next queue (see the timing diagram there)
//	heap.go          push         holds it until that instant; there are no other buffers
//	clock_linux.go   wait         sleeps until the first event is due, or a station sends
//	core.go          advance      pops what is due: forward again, for every queue on the path, and then
//	engine_linux.go  deliver      writes it to the destination's TAP device
//
// And a change of the network: client_linux.go sends a request (protocol.go) over conn_linux.go; server_linux.go makes
// the next table (table.go; state.go where the structure stays), which core.go's install puts in force between two
// packets; reconcile_linux.go compares the stations' namespaces (sight_linux.go) with what is wanted, and makes or
// repairs devices (device_linux.go, tap_linux.go).
//
// What differs from a kernel's own queue: a TAP device gives its sender no back-pressure, so a program
// that floods with UDP loses packets in the device's ring rather than being blocked.
//
// A queue that is changed while packets wait in it lets them leave at the new rate, so that a change is in
// force at once; packets that have left keep their arrival. Packets that come to a link, host or switch
// that is down are dropped there, and count as lost on a link's queue; those that are already enqueued there
// go on. Packets from one group of a partition to another are dropped at the sender.
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
// exchange, as a host, parts segments. Such a frame is enqueued once in each queue on the tree of paths, and its time
// to live is not touched, since within a segment nothing is routed: the default of 1 suffices. Groups are not learnt;
// the receivers' kernels drop what no program of theirs has joined. A station has routes for both kinds of addresses.
//
// Of IPv6 a station's address follows from its IPv4 one (fabric.Addr6), and all of this holds alike (six.go): ICMPv6's
// messages, from fabric.RouterAddr6; groups but interface-local ones go to the segment. A station has an address of its
// segment besides (fabric.LinkLocal6, fe80::/10), which is carried within that, its hop limit as it is (linklocal.go).
//
// A station may have further addresses and routes by way of other stations (fabric.Station): a packet goes to the
// station that its sender's routes name, or to the one that has the address (detours.go). A network in which no station
// has any looks at nothing for that.
//
// The last router in front of something that is down answers that the destination is unreachable, as a real one does
// whose interface is down (answerdown.go); where no router is in front of it, as at the sender's own link, nobody does.
// A partition says nothing: it is a network in pieces and no filter.
//
// A packet that is too big for a link on its way (topology.Shape.MTU) goes as far as the router in front of it, which
// says so; one of IPv4 that may be cut is carried in fragments, made where it begins its way (mtu.go). A station's
// interface has the MTU of its own links.
//
// In a network with ARP (fabric.Network.ARP) frames of all kinds go by their hardware address within a segment, as
// switches let them, unchanged: second addresses, and ways by other stations, are the stations' affair. Exchanges
// answer for those in other segments, and route what is for them (ethernet.go).
//
// # What is not
//
// Without ARP: ARP itself (addresses are known, and nobody has to ask for them), and all other protocols: counted as
// StationStatus.Ignored, as are packets to and from link-local addresses that would leave their segment. An address
// that somebody gives to a station's interface by hand, and a route by way of another station, for a frame does not say
// whom it is to pass: their packets are unreachable, and counted as such. Packets that could not be read or written
// count as StationStatus.Errors, and so do those for which the device's ring had no room.
//
// # How packets are shown
//
//	tap.go             show      copies what a queue sends into the rings of those who look, with when it will have left
//	tapserver_linux.go send      hands a ring to its client, every two milliseconds
//	tapclient_linux.go record    puts packets in order, moves those that wait when a rate or a trace changes, cuts bursts
//
// # Over several machines
//
// Fabric.Join says which part of a network this machine carries (Part: the partition, this machine's index, the
// others' addresses, a listener, the run's key). Each machine's fabric is given the same network by Apply, and does
// for its part what one does for all: its stations, and the queues whose tails are there.
//
//	cut.go           divide    who owns which queue; a path ends behind the queue of a link that is cut
//	core.go          enqueue   a packet in such a queue is due when it begins to leave it, not when it arrives
//	onward.go        crossOver hands it to the wire then (package wire), with its due time at the far end
//	mesh_linux.go    resume    at the other machine: instants of the wire are CLOCK_MONOTONIC's, there this machine's
//	onward.go        resume    holds it until it is due, on the path that the tree of shortest paths gives behind that
//	                           queue; cutflood.go does so for multicast and broadcast
//
// So the delay of the cut link, from the departure on, absorbs what the wire takes. A packet that comes after it was
// due goes on at once, and counts as late. A network of which a crossing has less delay than the partition's floor
// is refused, also as a change (machines.Partition.CheckFloor). Inspect and Counters tell of this machine's queues
// and stations, which fabric.Merge puts together. What the wire refused, for want of a connection or of room, is in
// QueueStatus.Errors of the link. What was under way when a connection broke is not, for the wire knows no links: it is
// in health.Crossing.Lost, which has both, a burst of segments as one packet. A burst whose first segment has left is
// with the other machine: a change of the rate meanwhile concerns it no more. While machines have different networks,
// between two Applies, a packet may come to a machine from which the way leads back: it goes back, as at a router, for
// a step of its time to live. One that finds no way on at all is dropped, and counted as a stray.
//
// # On a host with other work
//
// The process has real-time priority (sched(7)), where the host allows it: other programs then take next to nothing
// from its punctuality, and what is late is what they take from the nodes. The engine's thread is an ordinary one, of
// the highest priority, while it takes more than 40 % of a processor, so that no station's flood keeps others from
// running (urgency_linux.go).
//
// # How Apply reconciles
//
// Every Apply, also of a network that differs in nothing, looks into each station's namespace: whether the device
// is there, under its name, with its addresses, flags, routes and variables, and connected to this process. It
// repairs what differs and touches nothing else. A change of shapes, and of what is down, is in force before that.
// A station whose device vanishes while its namespace lives ends a Watch.
package userspace

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
