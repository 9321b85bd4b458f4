// Package netem makes a network in the Linux kernel, hop by hop: a namespace for every switch, exchange and
// shared medium, a veth pair for every other link, static routes along the topology's shortest paths, and
// a netem queueing discipline for every queue.
//
// A queue is two disciplines. The outer netem is the line: delay, jitter, loss, reordering, duplicates and
// corruption; its limit is so high that what is under way is never dropped. The inner netem is the
// transmitter: the rate, and as its limit what may wait. (One netem alone counts packets under way and
// packets waiting together, so that no one limit suits both segments and acknowledgements.) Delay and
// transmission change places by that, which changes no packet's arrival. With duplicates there is one
// netem for both, for newer kernels refuse a duplicating netem beside another.
//
// Both ends of a pair have the same hardware address and no ARP, so that every frame is meant for its
// receiver and nothing has to be asked. A shared medium is one ifb, through which all that enters
// the medium's namespace is led before it is forwarded.
package netem

import "testbed/emulator/fabric"

// Name is the fabric's name.
const Name = "netem"

var _ fabric.Fabric = (*Fabric)(nil)
