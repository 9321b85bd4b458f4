// Package spread is the fabric of a network that several machines carry: one fabric.Fabric for the controller, behind
// which each machine's agent has a fabric/userspace of its own, for its part (see there, "Over several machines").
//
//	controller   spread.go    Fabric: the seam's methods, each asked of all machines at once
//	             ask.go       one question to one agent: a stream, a request, a reply (messages.go)
//	             record.go    which machines have the network, for commands to come; it holds no secret
//	             health.go    the machines' health put together, on one clock (clock.go)
//	             tap.go       packets in queues of several machines, in the order of their times (tapmerge.go)
//	             begin.go     when a run's traces begin, by each machine's clock
//	agent        agent.go     the service: what was asked is asked of this machine's fabric
//	             carried.go   that fabric, of which there is one a testbed, and what was agreed with the others
//	             listen.go    where the other machines reach this one
//	             tapagent.go  packets in this machine's queues
//
// # Who knows what
//
// Apply first has each agent listen (unless it does), then tells all of them the same network, the partition, at which
// addresses the others are, and the run's key. The key is drawn by the Apply that makes the network, goes to the agents
// over their control connections, and is held by them and their fabrics' processes in memory: it is in no file, no
// argument and no environment. A later Apply, of whichever process, hears it from the agents that have it. It ends with
// Close, or with the last agent.
//
// A machine's fabric ends with its agent (fabric.Dependent). An agent that begins anew has no network, and the next
// Apply makes it one.
//
// # What listens
//
// One TCP port a machine, of the kernel's choice: at the address that the controller names where that is this
// machine's, at all addresses where it is not (as behind a translation of addresses), and at the first of the machine's
// own addresses where none is named. Whoever connects has to show the run's key (package fabric/wire). While floors are
// measured (floor.go, meet.go) the agents listen likewise.
//
// # Instants
//
// All instants in what Health tells are of the first machine's CLOCK_MONOTONIC. Those of another machine are moved by
// its clock's offset, as the probes between the fabrics have it (package fabric/clocks): the direct one, or by way of
// others where that is surer. They are wrong by health.Part.Error at most, lengths of spells not at all. Half of the
// difference between the two ways of a wire is in the offset and cannot be told; Error has room for it.
//
// What is about this host beside the machines, the packets that Tap shows and the begin of a run that traces begin with
// (fabric.Network.Run), goes by the least of some round trips to the first machine's agent as well.
package spread
