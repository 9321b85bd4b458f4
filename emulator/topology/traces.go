package topology

import (
	"fmt"
	"math"
	"time"

	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// MaxTraces is how many traces the links of a topology may follow.
const MaxTraces = 10_000

// Trace is what a shape of one of the topology's links follows; nil: nothing, it is constant.
func (t *Topology) Trace(s *Shape) *linktrace.Trace { return t.trace(s.Trace) }

// Delays has the distribution (Spread) that a shape's delays are drawn from; nil: there is none.
func (t *Topology) Delays(s *Shape) *linktrace.Trace { return t.trace(s.Delays) }

func (t *Topology) trace(number int32) *linktrace.Trace {
	if number <= 0 || int(number) > len(t.Traces) {
		return nil
	}
	return t.Traces[number-1]
}

// Follow lets one queue of a link follow a trace, or draw its delays from a distribution, which was checked. What the
// trace gives becomes, in the link's shape, that of its mean: for all that knows nothing of traces. It fails where
// there would be more than MaxTraces.
func (t *Topology) Follow(c Channel, trace *linktrace.Trace) error {
	number := 0
	for number < len(t.Traces) && t.Traces[number] != trace {
		number++
	}
	if number == MaxTraces {
		return fmt.Errorf("links follow more than %d traces; let some follow the same", MaxTraces)
	}
	if number == len(t.Traces) {
		t.Traces = append(t.Traces[:number:number], trace) // a copy of the topology may have others behind
	}
	s := &t.Vertices[c.Link].Shape[c.Dir]
	mean := trace.Mean()
	if trace.Spread != nil {
		s.Delays = int32(number + 1)
		s.Delay, s.Jitter = time.Duration(mean.Delay), time.Duration(mean.Jitter)
		return nil
	}
	s.Trace = int32(number + 1)
	if trace.ServesPackets() {
		s.Rate = units.BitRate(math.Round(mean.Rate))
	}
	if trace.Columns&linktrace.Delay != 0 {
		if s.Delays != 0 {
			s.Jitter = 0 // that of the distribution
		}
		s.Delays, s.Delay = 0, time.Duration(mean.Delay)
	}
	if trace.Columns&linktrace.Jitter != 0 {
		s.Jitter = time.Duration(mean.Jitter)
	}
	if trace.Columns&linktrace.Loss != 0 {
		s.Loss = mean.Loss
	}
	if trace.Columns&linktrace.Queue != 0 {
		s.Queue = units.ByteSize(mean.Queue)
	}
	return nil
}

// Traced says whether a link follows a trace, or has a distribution of delays.
func (t *Topology) Traced() bool {
	for _, id := range t.Links() {
		for d := range t.Vertices[id].Shape {
			if s := &t.Vertices[id].Shape[d]; t.Trace(s) != nil || t.Delays(s) != nil {
				return true
			}
		}
	}
	return false
}

// TraceNames are the names of what a shape follows, and of the distribution of its delays; empty: it has none.
func (t *Topology) TraceNames(s *Shape) (trace, delays string) {
	if of := t.trace(s.Trace); of != nil {
		trace = of.Name
	}
	if of := t.trace(s.Delays); of != nil {
		delays = of.Name
	}
	return trace, delays
}

// ForgetTraces leaves out those that no link follows any more.
func (t *Topology) ForgetTraces() {
	numbers := map[int32]int32{}
	var kept []*linktrace.Trace
	renumber := func(number *int32) {
		trace := t.trace(*number)
		if trace == nil {
			*number = 0
			return
		}
		if numbers[*number] == 0 {
			kept = append(kept, trace)
			numbers[*number] = int32(len(kept))
		}
		*number = numbers[*number]
	}
	for _, id := range t.Links() {
		for d := range t.Vertices[id].Shape {
			renumber(&t.Vertices[id].Shape[d].Trace)
			renumber(&t.Vertices[id].Shape[d].Delays)
		}
	}
	t.Traces = kept
}
