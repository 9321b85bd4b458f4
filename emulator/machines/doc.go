// Package machines says which of several machines carries which part of a scenario's network: machines, the
// partition of the topology's nodes among them, who owns which queue, and where packets cross from one machine to
// another. It is arithmetic on names and graphs and knows nothing of operating systems, engines or connections.
// Package cut finds a partition.
//
// A node (host, cloud, switch, exchange) is on one machine. A queue is owned by the machine on which its tail is:
// where packets enter it. A packet that leaves a queue and goes on elsewhere crosses: it is sent when it departs from
// the queue, and the link's delay, of which Crossing.Delay is the least, is the time that the wire may take.
package machines
