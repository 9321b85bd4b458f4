package predict

import (
	"time"

	"testbed/emulator/topology"
)

// Rebalance is a policy that moves stateful instances now and then.
type Rebalance struct {
	Every  time.Duration // from the begin of a model's chains
	Rounds int           // of pre-copy, that copy while invocations go on, at most; 0: stop-and-copy
	Small  int64         // bytes that are not worth another round of pre-copy
	// Decide says which of the instances, which are in the order of their nodes, clients and names, are to move at a time
	// since that begin; starts know where their programs are warm, nil: everywhere. It may be called by several at once,
	// and decides the same about the same.
	Decide func(at time.Duration, all []Seen, starts *Standby) ([]Decision, error)
}

// Seen is what is known of a stateful instance when it is looked at.
type Seen struct {
	Placed    topology.ID // the node that its functions are placed on
	Client    topology.ID
	Functions []string    // in order
	At        topology.ID // the node that it is on
	Bytes     int64       // of its states
	States    int
	Rate      float64 // invocations/s, measured where it is
	Drain     float64 // s: how long those at work at a random instant take to end
}

// Decision is a move that is worth it.
type Decision struct {
	Index      int // of the instance that was seen
	To         topology.ID
	Gain, Cost float64 // s of waiting, of all invocations within the horizon
	Why        string  // in words
}
