// Package health is what a fabric tells of its own punctuality: how late it did what was due, and when it did
// nothing at all, so that a measurement knows how far it can be trusted.
//
// Instants are nanoseconds of the host's CLOCK_MONOTONIC, which all of its processes agree on, so that a chain's start
// and end, which its client's agent takes, can be held against a fabric's spells.
package health

import "time"

// Floor is the least lateness that is kept as a Spell. What is less is in the histograms alone. A chain's bound does
// not see it: where each of a chain's packets is late by less than that, nothing adds up to more than Floor a round
// trip.
const Floor = 200 * time.Microsecond

// Health is how well a fabric has kept time since it began to carry packets.
type Health struct {
	Now  int64 `json:"now_ns"`  // when it was asked
	From int64 `json:"from_ns"` // when it began

	// Late is how late events were carried out: arrivals at queues and destinations. Written is how late packets had
	// been written to their destinations.
	Late    Histogram `json:"late"`
	Written Histogram `json:"written"`
	// Overslept is how late sleeps ended that were to end at a certain time; Turns how long the fabric did not look
	// for packets, for it was at work on others.
	Overslept Histogram `json:"overslept"`
	Turns     Histogram `json:"turns"`

	Busy     time.Duration `json:"busy_ns"`   // of the time since From, in which it was at work
	Waited   time.Duration `json:"waited_ns"` // of that time, in which it was ready to run and no processor was free
	Overflow uint64        `json:"overflow"`  // packets dropped because its memory was full
	Refused  uint64        `json:"refused"`   // frames that stations did not take

	// Spells are those from number Since on that are still known; the next one's number is Next.
	Spells []Spell `json:"-"`
	Since  uint64  `json:"-"`
	Next   uint64  `json:"-"`

	Stations []Station `json:"-"` // where they were asked for
}

// Station is how late what was sent to a station was written.
type Station struct {
	Name    string
	Written Histogram
}

// Spell is a time in which something was overdue.
type Spell struct {
	From, To int64  // instants
	Station  string // to which a packet was overdue; empty: nothing was done for anybody
	Why      Why
}

// Why says what a Spell comes from.
type Why uint8

// The reasons of spells, from what is nearest to the host to what is nearest to a packet.
const (
	Overslept Why = iota + 1 // a sleep ended late: the fabric was stopped, or had no processor
	Starved                  // it was ready to run and had no processor, as the kernel counts it
	Turn                     // it was at work on other packets
	Overdue                  // a packet was written late
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
