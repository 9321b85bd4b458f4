package spread

import (
	"fmt"
	"math"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/internal/exchange"
	"testbed/emulator/machines"
)

// mostHeld is how many bytes of packets are held until all machines have told of their time.
const mostHeld = 256 << 20

// tapClock is a machine's clock beside this host's.
type tapClock struct {
	health.Part
	ahead int64 // by how much the first machine's is ahead of this host's, ns
}

// at is the instant of this host's clock at which the machine's shows t, and shows what the machine's does at that of
// this host's, ns.
func (c *tapClock) at(t time.Duration) time.Duration { return time.Duration(c.At(int64(t)) - c.ahead) }

func (c *tapClock) shows(t int64) int64 { return c.Shows(t + c.ahead) }

// began is when a queue's trace did, as it is now far on: how the clocks differed in the meantime nobody knows.
func (c *tapClock) began(q *fabric.QueueStatus) int64 {
	return int64(c.at(time.Duration(q.Began)+q.Since) - q.Since)
}

// clocksBeside are the machines' clocks, where the first one's is ahead of this host's by so much.
func clocksBeside(names []string, all []reply, ahead int64) ([]tapClock, error) {
	healths := make([]health.Health, len(all))
	for i := range all {
		healths[i] = all[i].Health
	}
	parts, err := clocksOf(names, healths)
	clocks := make([]tapClock, len(parts))
	for i := range parts {
		clocks[i] = tapClock{parts[i], ahead}
	}
	return clocks, err
}

// tapMerge puts what several machines show into the order of time.
type tapMerge struct {
	to      fabric.TapSink
	names   []string // of machines
	clocks  []tapClock
	sources []*tapSource
	lost    []uint64 // by queue asked for

	held int
	last time.Duration // of what was handed over
	told time.Duration
}

// tapSource is a machine that has queues that are asked for.
type tapSource struct {
	machine int
	of      []int           // queues, by index of what was asked for
	pending []fabric.Tapped // in order
	latest  time.Duration   // nothing earlier comes from it
	ended   bool
}

// run takes what machines show until all have ended, or one fails.
func (m *tapMerge) run(all <-chan tapHeard) error {
	for left := len(m.sources); left > 0; {
		h := <-all
		s := m.sources[h.source]
		err := h.err
		if err == nil {
			err = m.take(s, &h.tapped)
		}
		if err != nil {
			return machines.On(m.names[s.machine], err)
		}
		if h.Ended {
			s.ended = true
			left--
		}
		if err := m.show(); err != nil {
			return err
		}
	}
	return nil
}

// take takes a message in, on this host's clock.
func (m *tapMerge) take(s *tapSource, t *tapped) error {
	clock := &m.clocks[s.machine]
	for _, p := range t.Packets {
		if p.Of < 0 || p.Of >= len(s.of) || len(p.Data) < exchange.HeaderBytes {
			return fmt.Errorf("%w: a packet of %d bytes of queue %d, of %d", errRequest, len(p.Data), p.Of, len(s.of))
		}
		s.latest = max(clock.at(time.Duration(p.At)), s.latest)
		s.pending = append(s.pending, fabric.Tapped{Queue: s.of[p.Of], At: s.latest, Data: p.Data})
		m.held += len(p.Data) + exchange.Held
	}
	if t.Until > 0 {
		s.latest = max(s.latest, clock.at(t.Until))
	}
	for i, n := range t.Lost {
		if i < len(s.of) {
			m.lost[s.of[i]] = n
		}
	}
	return nil
}

// show hands over what nothing earlier comes before.
func (m *tapMerge) show() error {
	known := time.Duration(math.MaxInt64)
	until := time.Duration(0)
	for _, s := range m.sources {
		if !s.ended {
			known = min(known, s.latest)
		}
		until = max(until, s.latest)
	}
	for {
		var first *tapSource
		for _, s := range m.sources {
			if len(s.pending) > 0 && (first == nil || s.pending[0].At < first.pending[0].At) {
				first = s
			}
		}
		if first == nil || first.pending[0].At > known && m.held <= mostHeld {
			break
		}
		p := first.pending[0]
		first.pending = first.pending[1:]
		m.held -= len(p.Data) + exchange.Held
		m.last = max(m.last, p.At)
		p.At = m.last
		if err := m.to.Packet(p); err != nil {
			return err
		}
	}
	if known = min(known, until); known <= m.told {
		return nil
	}
	m.told = known
	return m.to.Told(known, m.lost)
}
