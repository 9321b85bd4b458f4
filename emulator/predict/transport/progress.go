package transport

import "testbed/emulator/topology"

// progress is how far a step has got.
type progress struct {
	now     int64 // when what is under way of it began
	errands [6]errand
	next    int
	count   int
	last    *connection // given back in the end; nil: not yet
	took    float64     // s, of a computation that shares no processor; 0: what its parts add up to

	refused   bool        // the write was, the last time
	again     *repetition // of what was refused; nil: none
	working   bool        // the function computes once more
	committed int         // states of an execution that are
	turns     int         // of a request: how many of the states that it has to have for itself it has
	sentBack  bool        // of a request: its worker does not have the instance, and says where it is
	place     topology.ID // that is
}

// errand is one message of a step.
type errand struct {
	connection *connection
	response   bool // the responder sends it
	size       int64
	kind       errandKind
}

type errandKind uint8

const (
	body  errandKind = iota // what the step is about
	trip                    // the message beside it: a GET, or the answer to a PUT
	setUp                   // of a connection: no host takes time for it
	work                    // no message: the function computes once more
)
