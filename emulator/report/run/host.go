package run

import (
	"time"

	"testbed/emulator/record"
)

// hosts collects the samples of the host.
type hosts struct {
	clock
	busy, steal, load, memory grid
	out                       HostLoad
}

func (h *hosts) add(s *record.Host) {
	middle := s.Time.Add(-time.Duration(s.Interval / 2 * float64(time.Second)))
	at := h.bucket(middle, func() {
		for _, g := range []*grid{&h.busy, &h.steal, &h.load, &h.memory} {
			g.halve()
		}
	})
	h.busy.add(at, s.Busy)
	h.steal.add(at, s.Steal)
	h.load.add(at, s.Load1)
	h.memory.add(at, float64(s.MemoryUsed))
	h.out.Samples++
	h.out.Interval = max(h.out.Interval, time.Duration(s.Interval*float64(time.Second)))
	h.out.MeanBusy += s.Busy
	h.out.MeanSteal += s.Steal
	h.out.MaxSteal = max(h.out.MaxSteal, s.Steal)
	h.out.MemoryAll, h.out.Processors = s.MemoryTotal, s.Processors
}

func (h *hosts) finish() HostLoad {
	h.out.Width = h.width
	h.out.Busy, h.out.Steal = h.busy.series(), h.steal.series()
	h.out.Load1, h.out.Memory = h.load.series(), h.memory.series()
	if h.out.Samples > 0 {
		h.out.MeanBusy /= float64(h.out.Samples)
		h.out.MeanSteal /= float64(h.out.Samples)
	}
	return h.out
}
