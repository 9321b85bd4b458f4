package faas

import "time"

// Moved is what became of a move. Moments are nanoseconds of the host's monotonic clock.
type Moved struct {
	Elsewhere *Elsewhere `json:"elsewhere,omitempty"` // the instance is not here: nothing was done
	Began     int64      `json:"began"`
	Held      int64      `json:"held"`   // from when on invocations were held; 0: none was
	Served    int64      `json:"served"` // from when on they could be served again: by the target or, undone, here
	Rounds    []Round    `json:"rounds"` // the last is the one for which invocations were held
	Delays    []int64    `json:"delays"` // of invocations that came while it was held, in ns
	Undone    string     `json:"undone,omitempty"`
	// Start is how long after the offer the functions' programs were ready at the target, in ns; 0: they were before.
	// Awaited is how much of that was waited for alone, when all states had come.
	Start   int64 `json:"start,omitempty"`
	Awaited int64 `json:"awaited,omitempty"`
	// Later are prefixes that were to be forgotten while the instance was held: whoever has moved it has them forgotten
	// where it is now.
	Later []string `json:"later,omitempty"`
}

// Round is one copying of states.
type Round struct {
	Start  int64 `json:"start"` // when it was begun to send
	End    int64 `json:"end"`   // when the target's acknowledgement was there
	States int   `json:"states"`
	Bytes  int64 `json:"bytes"` // of states
	Head   int64 `json:"head"`  // of what says which they are
}

// Unavailable is how long no invocation could be served.
func (m *Moved) Unavailable() time.Duration { return time.Duration(m.Served - m.Held) }

// Bytes are those that all rounds have copied, of states.
func (m *Moved) Bytes() (sum int64) {
	for _, r := range m.Rounds {
		sum += r.Bytes
	}
	return sum
}

// maxDelays bounds what is told of invocations that were held.
const maxDelays = 1 << 12
