package faas

import (
	"time"

	"testbed/emulator/plan"
)

// What an agent takes from others, besides memory (see Config.Memory). A call's headers have about 40 bytes for
// each state, its response's about 70.
const (
	maxHeader     = 128 << 10 // bytes of a request's or response's headers
	maxStates     = plan.MaxStates
	maxHeld       = 1 << 17  // states that one agent holds
	maxParts      = 1 << 14  // chains under way in which one agent has a part, where workers call each other
	maxWarm       = 1024     // connections that are opened beforehand to one address
	maxIdle       = 4096     // connections that a client keeps for later
	maxSpec       = 8 << 20  // bytes of a request's JSON on the control socket
	maxReason     = 4096     // bytes of an error's text
	maxGap        = 1 << 20  // bytes that a result may need in front of its states beyond the argument's
	maxServed     = 16384    // connections that are served at a time, if files and memory suffice for as many
	connection    = 64 << 10 // bytes of memory for which one connection is served
	defaultMemory = 2 << 30  // bytes, or half of what the system has
)

// DefaultStall is how long a transfer may stand still before it is given up, where Config does not say.
const DefaultStall = time.Minute

// limits are an agent's, apart from constants.
type limits struct {
	header      time.Duration // for the headers of a request, from their first byte on, or the connection's begin
	stall       time.Duration // for a transfer without a byte; Config's
	idle        time.Duration // between two requests: long, for connections are opened before they are needed
	linger      time.Duration // that the rest of a refused request is read, so that its sender gets the answer
	wait        time.Duration // for memory
	free        bool          // functions that are programs are not confined: in tests without rights
	restart     time.Duration // for a Redis server that was killed and comes again
	connections int           // that are served at a time on one socket; 0: see served
}

func defaultLimits() limits {
	return limits{
		header: 30 * time.Second, idle: time.Hour, linger: 5 * time.Second, wait: 10 * time.Second,
		restart: 10 * time.Second,
	}
}

// served is how many connections are served on one socket by an agent with that much memory for messages: not
// more than a third of the files that it may open, for there are two sockets, and it opens connections itself.
func served(memory int64) int {
	n := min(maxServed, max(16, memory/connection))
	if files := openFiles(); files > 0 {
		n = min(n, max(16, files/3))
	}
	return int(n)
}
