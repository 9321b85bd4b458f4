package run

import (
	"math"
	"time"

	"testbed/emulator/events"
	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// Fabrics that know nothing of traces are told, in the course of a run, what a link carries on average in each slice of
// time: what a trace has room for may so pass up to a slice earlier or later than it says.
const slice = 100 * time.Millisecond

// slowest stands for a rate of 0, which would mean that there is no limit.
const slowest = 8 * units.Kbps

// stepper makes moments of what links follow.
type stepper struct {
	topology *topology.Topology // that the run has found
	base     *topology.Topology // that the moments are changes of
	moments  []events.Moment
	played   int                // of the moments
	channels []topology.Channel // that follow a trace
	limits   map[topology.Channel]units.ByteSize
}

// newStepper is one for a network and a scenario's events, which are changes of base; nil where no link follows a
// trace.
func newStepper(t, base *topology.Topology, moments []events.Moment) *stepper {
	s := &stepper{topology: t, base: base, moments: moments}
	for _, c := range fabric.Channels(t) {
		if t.Trace(&t.Vertices[c.Link].Shape[c.Dir]) != nil {
			s.channels = append(s.channels, c)
		}
	}
	if len(s.channels) == 0 {
		return nil
	}
	s.limits = t.QueueLimits()
	return s
}

// until are the moments from an instant after the chains' begin until just before another: those at which slices begin,
// and the events' that have not been played. What happens says the latter alone.
func (s *stepper) until(from, to time.Duration) []Moment {
	var all []Moment
	for next := from; next < to; next += slice {
		var what []string
		for ; s.played < len(s.moments) && s.moments[s.played].At <= next; s.played++ {
			m := s.moments[s.played]
			if m.At < next {
				all = append(all, Moment{At: m.At, What: m.Event, Overlay: s.overlay(m, next-slice)})
				continue
			}
			what = m.Event
		}
		var now events.Moment
		if s.played > 0 {
			now = s.moments[s.played-1]
		}
		all = append(all, Moment{At: next, What: what, Overlay: s.overlay(now, next)})
	}
	return all
}

// overlay is an events' moment, with what links are like from an instant on, for a slice.
func (s *stepper) overlay(m events.Moment, at time.Duration) fabric.Overlay {
	shapes := map[topology.Channel]topology.Shape{}
	for c, shape := range m.Shapes {
		shapes[c] = shape
	}
	for _, c := range s.channels {
		shape, changed := shapes[c]
		if !changed {
			shape = s.topology.Vertices[c.Link].Shape[c.Dir]
		}
		if trace := s.topology.Trace(&shape); trace != nil {
			if shape.Queue == 0 {
				shape.Queue = s.limits[c] // what may wait does not follow the rate
			}
			shapes[c] = stepped(shape, trace, max(at, 0))
		}
	}
	m.Shapes = shapes
	return m.Overlay(s.base)
}

// stepped is a shape as its trace says for a slice.
func stepped(shape topology.Shape, trace *linktrace.Trace, at time.Duration) topology.Shape {
	if trace.ServesPackets() {
		bits := trace.Bits(int64(at), int64(at+slice))
		shape.Rate = max(units.BitRate(math.Round(bits/slice.Seconds())), slowest)
	}
	if trace.Varies() {
		k := trace.At(int64(at + slice/2))
		if trace.Columns&linktrace.Delay != 0 {
			shape.Delay = time.Duration(k.Delay)
		}
		if trace.Columns&linktrace.Jitter != 0 {
			shape.Jitter = time.Duration(min(k.Jitter, k.Delay))
		}
		if trace.Columns&linktrace.Loss != 0 {
			shape.Loss = k.Loss
		}
		if trace.Columns&linktrace.Queue != 0 {
			shape.Queue = units.ByteSize(k.Queue)
		}
	}
	return shape
}
