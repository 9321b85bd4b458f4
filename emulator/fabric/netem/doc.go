// Package netem makes a network in the Linux kernel, hop by hop: a namespace for every switch, exchange and
// shared medium, a veth pair for every other link, static routes along the topology's shortest paths, and
// a netem queueing discipline for every queue.
//
// # What stands for a vertex
//
//	 station (host)     duplex link      switch or exchange    edge        shared medium
//	+--------------+    = veth pair     +------------------+  = veth      +-------------------------+
//	| the node's   |                    | namespace that   |    pair      | namespace that forwards |
//	| namespace    |                    | forwards         |              |                         |
//	|         eth0 *--------------------* eth0        eth1 *--------------* eth0 --> ifb "medium" * |
//	|              |                    |                  |              |          then route to  |
//	+--------------+                    +------------------+              *  eth1    eth0, eth1 ... |
//	                                                                      +-------------------------+
//
// * is where packets leave by a device (its egress): there a link's netems are, one end for each direction of the link,
// or those of an edge with a delay. What enters a medium by any device is redirected to the ifb, whose netems are the
// medium's one queue, and routed from there. A duplex link that does not join two vertices that are no links is a
// namespace as well, and its queues are at that namespace's ends of the pairs (layout.fitsPair, layout.edgeEgress).
//
// # What stands for a queue
//
// A queue is two disciplines. The outer netem is the line: delay, jitter, loss, reordering, duplicates and
// corruption; its limit is so high that what is under way is never dropped. The inner netem is the
// transmitter: the rate, and as its limit what may wait. (One netem alone counts packets under way and
// packets waiting together, so that no one limit suits both segments and acknowledgements.) Delay and
// transmission swap their order by that, which changes no packet's arrival. With duplicates there is one
// netem for both, for newer kernels refuse a duplicating netem beside another.
//
// The limit counts packets, so that stations hand over every packet alone where a queue with a rate or a chance is on
// the way: bursts of segments, of up to 64 KB, would count as one. That takes about as many instructions a byte as a
// network card without offload does. Only what asks for bursts by itself (UDP_SEGMENT) is still taken for one packet.
//
// # How Apply reconciles
//
// Apply reads from the kernel what there is - namespaces, devices, addresses, routes, queueing disciplines,
// redirections, variables - and repairs what differs, until nothing does. It is recognised by names: a namespace by its
// vertex's, a pair by its hardware address, which follows from the names of what it joins.
//
// A namespace that forwards has a route for every station and none for anybody else, of whom it says that he is
// unreachable, as of those behind a link, or a neighbour, that is down; it answers with an address of its own
// (fabric.RouterAddr).
//
// Further addresses of a station (fabric.Station.Addresses) are single ones beside the first, which everybody has a
// route to. A station's own routes are its, and those of the namespaces on the way to the station that they name. These
// route by destination; where routes of stations contradict one another there, a rule for what a station sends leads to
// a table of its own (policy.go). What stations forward has no such rule: contradicting routes of these are refused.
//
// Both ends of a pair have the same hardware address and no ARP, so that every frame is meant for its
// receiver and nothing has to be asked. A shared medium is one ifb, through which all that enters
// the medium's namespace is led before it is forwarded.
package netem

import "testbed/emulator/fabric"

// Name is the fabric's name.
const Name = "netem"

var _ fabric.Fabric = (*Fabric)(nil)
