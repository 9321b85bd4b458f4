// Package wire carries packets from one machine's core to another's: what leaves the queue of a link that is cut goes
// over it, with the instant at which it is due at the other end, and is held there until then. So the cut link's delay
// absorbs what the wire takes.
//
// A Mesh has two connections to each other machine, both TLS 1.3 with the run's key (package runkey): one for packets,
// which it dials and only writes, and one for probes of the other clock (package clocks). What the other machine sends
// comes over those that that one dials. So packets never wait behind probes, nor probes behind packets.
//
//	core's thread   Send      writes a record into the outbox of the machine; drops and counts it where that is full
//	                Flush     when the core's round ends, wakes the writer of each outbox that has something
//	writer          outbox.go takes all there is, encrypts it in pieces of 64 kB, and writes
//	reader          inbox.go  reads, checks where records begin and end, and rings for the core
//	core's thread   Receive   takes the records of all machines out
//
// Neither Send nor Receive waits for anything but the instant in which the other side swaps two buffers. An outbox and
// an inbox have 4 MB at most. Where an inbox is full its reader does not read on, TCP stops the other machine's writer,
// that one's outbox runs full, and what is more is dropped and counted there.
//
// Nothing is lost that is not counted (Status.Lost): what an outbox had no room for, what was to be sent while there
// was no connection or the other clock was not known, and what was under way when a connection broke, which the two
// sides' counts of records tell at the next handshake.
//
// Who cannot show that he has the run's key gets no byte beside the handshake's, and is hung up on after five seconds;
// of those who have not shook hands yet there are 64 at most at a time.
package wire
