// Package linktrace is how a measured link behaved: when it had room for how many bytes, or its rate, delay, jitter,
// loss and queue in the course of time. It reads such traces from files, and works out when packets depart from a queue
// that follows one. It knows nothing of topologies, and of the time only what its callers tell.
package linktrace

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"testbed/emulator/units"
)

// What a trace may have at most. A trace of a day in milliseconds is longer than any that was published.
const (
	MaxOpportunities = 4_000_000
	MaxKnots         = 500_000
	MaxPeriod        = 24 * time.Hour
)

// Opportunity is how many bytes of IP packets one line of mahimahi's files lets pass. EthernetHeader is what a frame
// has besides, for which such a line has room as well.
const (
	Opportunity    = 1500
	EthernetHeader = 14
)

const millisecond = int64(time.Millisecond)

// Columns says what the knots of a trace give; what they do not is the link's own.
type Columns uint8

// The columns.
const (
	Rate Columns = 1 << iota
	Delay
	Jitter
	Loss
	Queue
)

// Knot is how a link is from an instant on, up to the next knot or, in a linear trace, on the way there.
type Knot struct {
	At     int64   // ns from the trace's start
	Rate   float64 // bit/s of Ethernet frames
	Delay  int64   // ns, one way
	Jitter int64   // ns, to either side
	Loss   float64 // probability in [0,1]
	Queue  int64   // bytes that may wait
}

// Trace is one direction's. It has opportunities, knots, or a distribution of delays. Its exported fields travel
// between processes; who has decoded one calls Check before it uses it. A trace that was checked is not changed, and
// may be shared.
type Trace struct {
	Name string // of the file
	// WithRun says that the trace begins anew with each run, for every model's chains; otherwise it began with the
	// network.
	WithRun bool

	// Opportunities are the milliseconds, ascending, at which the link has room for Opportunity bytes. The trace begins
	// anew at the last one.
	Opportunities []uint32

	// Knots are in the order of time, the first at 0. The last one is the trace's end, at which it begins anew or, where
	// it holds, whose values remain in force.
	Knots   []Knot
	Columns Columns
	Linear  bool // between two knots values go from one to the other in a straight line; otherwise those of the first hold
	Hold    bool

	// Spread is a distribution from which each packet's delay is drawn, in place of all of the above.
	Spread *Spread

	bits   []float64 // by knot: what the link has carried at most from 0 to there
	peak   int64     // see Peak
	bounds bounds    // see Least and LeastDelay
	digest [sha256.Size]byte
}

// Check says what is wrong with a trace, and prepares it for use.
func (t *Trace) Check() error {
	var err error
	switch {
	case t.Spread != nil && (len(t.Opportunities)+len(t.Knots) > 0 || t.Columns != 0):
		err = errors.New("it has both a distribution and a course of time")
	case t.Spread != nil:
		err = t.Spread.check()
	case len(t.Opportunities) > 0:
		err = t.checkOpportunities()
	default:
		err = t.checkKnots()
	}
	if err == nil {
		t.digest, t.peak, t.bounds = t.hash(), t.busiest(), t.bounded()
	}
	return err
}

func (t *Trace) checkOpportunities() error {
	switch last := t.Opportunities[len(t.Opportunities)-1]; {
	case len(t.Knots) > 0 || t.Columns != 0:
		return errors.New("it has both opportunities and knots")
	case len(t.Opportunities) > MaxOpportunities:
		return fmt.Errorf("it has %d opportunities, and at most %d are read", len(t.Opportunities), MaxOpportunities)
	case last == 0:
		return errors.New("all of its opportunities are at 0, so that it takes no time; " +
			"end with the millisecond of the last one")
	case time.Duration(last)*time.Millisecond > MaxPeriod:
		return fmt.Errorf("it lasts %d ms, and at most %v are read", last, MaxPeriod)
	}
	for i, at := range t.Opportunities[1:] {
		if at < t.Opportunities[i] {
			return fmt.Errorf("opportunity %d is at %d ms, before the one at %d", i+2, at, t.Opportunities[i])
		}
	}
	return nil
}

func (t *Trace) checkKnots() error {
	last := len(t.Knots) - 1
	switch {
	case last < 0:
		return errors.New("there is nothing in it")
	case len(t.Knots) > MaxKnots:
		return fmt.Errorf("it has %d rows, and at most %d are read", len(t.Knots), MaxKnots)
	case t.Columns == 0 || t.Columns > Rate|Delay|Jitter|Loss|Queue:
		return errors.New("it gives nothing of a link")
	case t.Knots[0].At != 0:
		return errors.New("it does not begin at 0")
	case last == 0 && !t.Hold:
		return errors.New("it has one row, which is its end as well, so that it takes no time; add a row at its end")
	case t.Knots[last].At > int64(MaxPeriod):
		return fmt.Errorf("it lasts %v, and at most %v are read", time.Duration(t.Knots[last].At), MaxPeriod)
	}
	for i := range t.Knots {
		if err := t.Knots[i].check(); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
		if i > 0 && t.Knots[i].At <= t.Knots[i-1].At {
			return fmt.Errorf("row %d is at %v, no later than the one before", i+1, time.Duration(t.Knots[i].At))
		}
	}
	if !t.ServesPackets() {
		return nil
	}
	t.bits = make([]float64, len(t.Knots))
	for i := 1; i <= last; i++ {
		t.bits[i] = t.bits[i-1] + t.carried(i-1, t.Knots[i].At-t.Knots[i-1].At)
	}
	if t.Hold && t.Knots[last].Rate == 0 {
		return errors.New("its last rate is 0 and remains so, and what waits then would never depart")
	}
	if !t.Hold && t.bits[last] < 8*Opportunity {
		return errors.New("it carries less than one packet; give it a rate above 0 for long enough")
	}
	return nil
}

// Largest values of a knot.
const (
	maxRate  = float64(units.Gbps) * 1000
	maxDelay = int64(time.Hour)
)

func (k *Knot) check() error {
	switch {
	case !(k.Rate >= 0 && k.Rate <= maxRate):
		return fmt.Errorf("a rate of %v bit/s is not between 0 and %v", k.Rate, units.BitRate(maxRate))
	case k.Delay < 0 || k.Delay > maxDelay || k.Jitter < 0 || k.Jitter > maxDelay:
		return fmt.Errorf("delay and jitter must be between 0 and %v", time.Duration(maxDelay))
	case k.Jitter > k.Delay:
		return fmt.Errorf("the jitter of %v is larger than the delay of %v", time.Duration(k.Jitter), time.Duration(k.Delay))
	case !(k.Loss >= 0 && k.Loss <= 1):
		return fmt.Errorf("a loss of %v is not a probability in [0,1]", k.Loss)
	case k.Queue < 0 || k.Queue > 1<<40:
		return fmt.Errorf("a queue of %d bytes is not between 0 and 2^40", k.Queue)
	}
	return nil
}

// ServesPackets says whether the trace says when packets depart; otherwise the link's own rate does.
func (t *Trace) ServesPackets() bool { return len(t.Opportunities) > 0 || t.Columns&Rate != 0 }

// Without is a trace that was checked less some columns, which the link gives itself; nil: nothing is left. Of
// opportunities that is the rate.
func (t *Trace) Without(columns Columns) *Trace {
	if len(t.Opportunities) > 0 && columns&Rate != 0 || t.Columns != 0 && t.Columns&^columns == 0 {
		return nil
	}
	if t.Columns&columns == 0 {
		return t
	}
	left := *t
	if left.Columns &^= columns; !left.ServesPackets() {
		left.bits = nil
	}
	left.digest, left.peak = left.hash(), left.busiest()
	return &left
}

// LeastDelay is the smallest of a trace that gives delays, in ns.
func (t *Trace) LeastDelay() int64 { return t.bounds.delay }

// Varies says whether it gives anything else than when packets depart.
func (t *Trace) Varies() bool { return t.Columns&^Rate != 0 }

// Period is how long it takes until it begins anew, or holds.
func (t *Trace) Period() time.Duration {
	if len(t.Opportunities)+len(t.Knots) == 0 {
		return 0
	}
	if n := len(t.Opportunities); n > 0 {
		return time.Duration(t.Opportunities[n-1]) * time.Millisecond
	}
	return time.Duration(t.Knots[len(t.Knots)-1].At)
}

// Digest tells traces apart.
func (t *Trace) Digest() [sha256.Size]byte { return t.digest }

func (t *Trace) hash() (sum [sha256.Size]byte) {
	h := sha256.New()
	var b []byte
	b = binary.AppendUvarint(b, uint64(len(t.Name)))
	b = append(b, t.Name...)
	for _, flag := range []bool{t.WithRun, t.Linear, t.Hold} {
		b = append(b, map[bool]byte{true: 1}[flag])
	}
	b = append(b, byte(t.Columns))
	flush := func() {
		_, _ = h.Write(b)
		b = b[:0]
	}
	for _, at := range t.Opportunities {
		if b = binary.LittleEndian.AppendUint32(b, at); len(b) > 1<<15 {
			flush()
		}
	}
	for i := range t.Knots {
		k := &t.Knots[i]
		for _, v := range []uint64{uint64(k.At), math.Float64bits(k.Rate), uint64(k.Delay), uint64(k.Jitter),
			math.Float64bits(k.Loss), uint64(k.Queue)} {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		if len(b) > 1<<15 {
			flush()
		}
	}
	if s := t.Spread; s != nil {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(s.Correlation))
		b = binary.LittleEndian.AppendUint64(b, uint64(s.Coherence))
		for _, q := range s.Quantiles {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(q.P))
			if b = binary.LittleEndian.AppendUint64(b, uint64(q.Delay)); len(b) > 1<<15 {
				flush()
			}
		}
	}
	flush()
	h.Sum(sum[:0])
	return sum
}

// floorDiv is a/b rounded down; b is positive.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
