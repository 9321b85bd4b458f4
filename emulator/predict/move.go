package predict

import (
	"time"

	"testbed/emulator/topology"
)

// Move is a planned move of a client's function to another worker, with the states that its worker keeps, or of all
// that are on a node when it begins.
type Move struct {
	At       time.Duration // from the begin of a model's chains
	Function string
	Client   topology.ID
	Placed   []topology.ID // where it is placed; those on each of these nodes move, one after the other
	To       topology.ID
	Rounds   int   // of pre-copy, that copy while invocations go on, at most; 0: stop-and-copy
	Small    int64 // bytes that are not worth another round of pre-copy

	Drained []topology.ID               // the node that all instances leave; nil: it is Function's of Client that move
	Targets map[topology.ID]topology.ID // of those, by client, where they go
	Until   time.Duration               // what has not moved by then stays; 0: there is no such time
}

// What says which states come in a move's round, in bytes: a JSON head, as package faas sends it.
const (
	MoveHead  = 310 // of a round
	MoveState = 90  // of each of its states
	MoveKey   = 40  // of each of the instance's states, in the last round: it says which of them there still are
)

// Rewiring is an instant from which on hosts are attached elsewhere: packets that are sent then take other ways.
type Rewiring struct {
	At       time.Duration      // from the begin of a model's chains
	Topology *topology.Topology // of the same vertices
}
