// Package health is what a fabric tells of its own punctuality: how late it did what was due, and when it did
// nothing at all, so that a measurement knows how far it can be trusted.
//
// Instants are nanoseconds of the host's CLOCK_MONOTONIC, which all of its processes agree on, so that a chain's start
// and end, which its client's agent takes, can be held against a fabric's spells.
package health

import (
	"fmt"
	"time"
)

// Floor is the least lateness that is kept as a Spell. What is less is in the histograms alone. A chain's bound does
// not see it: where each of a chain's packets is late by less than that, nothing adds up to more than Floor a round
// trip.
const Floor = 200 * time.Microsecond

// Report is what somebody tells of his spells, from number Since on. That is larger than asked for where some were
// forgotten. The next spell's number is Next. None that ended before Now comes later, but of what has not been answered
// at Now.
type Report struct {
	Now    int64   `json:"now_ns"`
	Since  uint64  `json:"since"`
	Next   uint64  `json:"next"`
	Last   bool    `json:"last"` // there are no more
	Spells []Spell `json:"spells,omitempty"`
}

// Check fails where the report cannot be the answer to who asked for spells from number since on: a node, which may
// not be trusted, made it.
func (r *Report) Check(since uint64) error {
	if r.Since < since || r.Next-r.Since != uint64(len(r.Spells)) {
		return fmt.Errorf("spells from number %d to %d, asked for from %d, and %d of them", r.Since, r.Next, since,
			len(r.Spells))
	}
	for _, s := range r.Spells {
		if s.From < 0 || s.To < s.From || s.To > r.Now || len(s.Station)+len(s.Machine) > 0 {
			return fmt.Errorf("a spell from %d to %d ns of %.50q, at %d ns", s.From, s.To, s.Station, r.Now)
		}
	}
	return nil
}

// Health is how well a fabric has kept time since it began to carry packets.
type Health struct {
	Report
	From int64 // when it began

	// Late is how late events were carried out: arrivals at queues and destinations. Written is how late packets had
	// been written to their destinations.
	Late    Histogram
	Written Histogram
	// Overslept is how late sleeps ended that were to end at a certain time; Turns how long the fabric did not look
	// for packets, for it was at work on others.
	Overslept Histogram
	Turns     Histogram

	Busy     time.Duration // of the time since From, in which it was at work
	Waited   time.Duration // of that time, in which it was ready to run and no processor was free
	Overflow uint64        // packets dropped because its memory was full
	Refused  uint64        // frames that stations did not take

	Stations  []Station  // where they were asked for
	Crossings []Crossing // of a network over several machines: one for each other machine
	// Parts are what the machines' fabrics say each, where this is all of them put together: then histograms and what
	// was dropped are sums, Busy and Waited means of the machines, Crossings are those of all machines, and all instants
	// are of the first machine's clock; see Part.
	Parts []Part
}

// Part is one of several machines that carry a network, and its clock beside the first one's.
type Part struct {
	Machine string // its name
	// Ahead is by how much its clock is ahead of the first machine's at the instant Health.Now, Error the most by which
	// that may be wrong, Drift by how much it runs faster, in ns a ns. Spells of it are placed by that: an instant of one
	// may be wrong by Error, its length is not. Who holds times of another machine's clock against spells maps them by At,
	// and allows for Error at both ends.
	Ahead, Error time.Duration
	Drift        float64
	Now          int64 // of the first machine's clock, that Ahead is of

	Busy, Waited      time.Duration
	Overflow, Refused uint64
	Written           Histogram
	Overslept         Histogram
}

// At is the instant of the first machine's clock at which the machine's own shows t.
func (p *Part) At(t int64) int64 {
	near := t - int64(p.Ahead)
	return near - int64(p.Drift*float64(near-p.Now))
}

// Shows is what the machine's own clock shows at the instant t of the first machine's: what At is of that is t.
func (p *Part) Shows(t int64) int64 {
	return t + int64(p.Drift/(1-p.Drift)*float64(t-p.Now)) + int64(p.Ahead)
}

// Crossing is what has gone between a fabric and that of another machine.
type Crossing struct {
	Of        string    // the machine that tells this; empty: the one that was asked
	Machine   string    // the other one
	Connected bool      // packets can go there
	Sent      uint64    // packets handed over to it
	Lost      uint64    // packets that were to be, and were lost on the way
	Received  uint64    // packets that came from it
	Strays    uint64    // of these, packets that led nowhere here
	Late      uint64    // of these, packets that came after they were due
	By        Histogram // how late they came; 0: in time

	// Ahead is by how much its clock is ahead of this one, Error the most by which that may be wrong: half of the
	// least round trip of recent probes, RoundTrip, and what the clocks may have drifted since. Of that, what one way
	// takes longer than the other makes packets late or early, and nobody can tell. Drift is in ns a ns.
	Ahead, Error, RoundTrip time.Duration
	Drift                   float64
}

// Station is how late what was sent to a station was written.
type Station struct {
	Name    string
	Written Histogram
}

// Spell is a time in which something was overdue.
type Spell struct {
	From    int64  `json:"from_ns"` // instants
	To      int64  `json:"to_ns"`
	Station string `json:"station,omitempty"` // to which a packet was overdue; empty: nothing was done for anybody
	Machine string `json:"machine,omitempty"` // name of the one of several that it was on
	Why     Why    `json:"why"`
}

// Why says what a Spell comes from.
type Why uint8

// The reasons of spells, from what is nearest to the host to what is nearest to a packet.
const (
	Overslept Why = iota + 1 // a sleep ended late: the fabric was stopped, or had no processor
	Starved                  // it was ready to run and had no processor, as the kernel counts it
	Turn                     // it was at work on other packets
	Overdue                  // a packet was written late
	Forgotten                // there were too many to keep
)

func (w Why) String() string {
	switch w {
	case Overslept:
		return "overslept"
	case Starved:
		return "starved"
	case Turn:
		return "busy"
	case Overdue:
		return "overdue"
	case Forgotten:
		return "forgotten"
	}
	return "unknown"
}

// Shift adds an offset, in ns, to all instants.
func (h *Health) Shift(offset int64) {
	h.Now, h.From = h.Now+offset, h.From+offset
	for i := range h.Spells {
		h.Spells[i].From, h.Spells[i].To = h.Spells[i].From+offset, h.Spells[i].To+offset
	}
}
