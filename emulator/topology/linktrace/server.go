package linktrace

import (
	"math"

	"testbed/emulator/units"
)

// Server is the transmitter of a queue that follows a trace (which ServesPackets): it sends one packet after the other,
// in the order in which they come. Instants are ns from the trace's start; frames are Ethernet's. It allocates nothing,
// and takes the logarithm of the trace's length for a packet.
type Server struct {
	trace *Trace
	busy  int64 // when the last packet departs
	opportunist
	fluid
}

// NewServer is an idle one.
func NewServer(t *Trace) Server { return Server{trace: t, busy: math.MinInt64} }

// Send takes so many frames of altogether so many bytes, which are there at an instant, and says when the last departs.
func (s *Server) Send(at, bytes, frames int64) int64 {
	if len(s.trace.Opportunities) > 0 {
		s.busy = s.opportunist.send(s.trace, s.busy, at, max(bytes-frames*EthernetHeader, 1))
	} else {
		s.busy = s.fluid.send(s.trace, s.busy, at, bytes)
	}
	return s.busy
}

// Backlog is how many bytes that have been taken are to depart after an instant.
func (s *Server) Backlog(now int64) int64 {
	switch {
	case s.busy <= now:
		return 0
	case len(s.trace.Opportunities) > 0:
		return s.opportunist.backlog(s.trace, now)
	}
	return s.fluid.backlog(s.trace, now)
}

// Busy is when the last packet departs; math.MinInt64: there was none.
func (s *Server) Busy() int64 { return s.busy }

// Bits is how many bits of Ethernet frames, of 1514 bytes, the link carries at most from an instant until just before
// another, of a trace that ServesPackets.
func (t *Trace) Bits(from, to int64) float64 {
	if len(t.Opportunities) > 0 {
		return float64(t.opportunitiesIn(from, to)) * 8 * (Opportunity + EthernetHeader)
	}
	turn, bits := t.amount(from)
	turnTo, bitsTo := t.amount(to)
	return float64(turnTo-turn)*t.bits[len(t.bits)-1] + bitsTo - bits
}

// Mean is how the link is on average over the trace, where it holds as well: what stands for it where something knows
// nothing of traces. The rate is at least 1 bit/s; the queue is the largest.
func (t *Trace) Mean() Knot {
	var mean Knot
	if s := t.Spread; s != nil {
		mean.Delay = s.mean()
		mean.Jitter = mean.Delay - s.Least()
		return mean
	}
	period := float64(t.Period())
	if period == 0 {
		return t.Knots[0]
	}
	if t.ServesPackets() {
		mean.Rate = max(1, t.Bits(0, int64(period))/period*1e9)
	}
	for i := 0; i+1 < len(t.Knots); i++ {
		k, next := &t.Knots[i], &t.Knots[i+1]
		part := float64(next.At-k.At) / period
		end := k
		if t.Linear {
			end = next
		}
		mean.Loss += (k.Loss + end.Loss) / 2 * part
		mean.Delay += int64(float64(k.Delay+end.Delay) / 2 * part)
		mean.Jitter += int64(float64(k.Jitter+end.Jitter) / 2 * part)
		mean.Queue = max(mean.Queue, k.Queue, end.Queue)
	}
	mean.Jitter = min(mean.Jitter, mean.Delay)
	return mean
}

// MeanRate is that of Mean; 0: the trace gives none.
func (t *Trace) MeanRate() units.BitRate { return units.BitRate(math.Round(t.Mean().Rate)) }

// busySpan is the time that Peak is about.
const busySpan = 100 // ms

// Peak is how many bytes of Ethernet frames the link carries in the busiest tenth of a second of the trace: with room
// for as many, a queue that is fed steadily does not run empty in a burst of opportunities.
func (t *Trace) Peak() units.ByteSize { return units.ByteSize(t.peak) }

func (t *Trace) busiest() (bytes int64) {
	if n := int64(len(t.Opportunities)); n > 0 {
		period := int64(t.Opportunities[n-1])
		turns, rest := busySpan/period, busySpan%period*millisecond // the trace begins anew within the span
		behind := int64(0)
		for i := range n {
			for t.at(behind) < t.at(i)+rest {
				behind++
			}
			bytes = max(bytes, (turns*n+max(0, behind-i))*(Opportunity+EthernetHeader))
		}
	}
	if t.Columns&Rate == 0 {
		return bytes
	}
	for i := range t.Knots {
		bytes = max(bytes, int64(t.Knots[i].Rate/8*busySpan/1000))
	}
	return bytes
}
