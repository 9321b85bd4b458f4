package userspace

import (
	"context"
	"errors"

	"testbed/emulator/health"
)

// stationsATime is how many stations' histograms, of 3 kB, are copied between two packets.
const stationsATime = 32

// health is how punctual the engine has been, in instants of CLOCK_MONOTONIC.
func (s *server) health(since uint64, each bool) (h health.Health, err error) {
	s.mutex.Lock()
	e, t := s.engine, s.table
	s.mutex.Unlock()
	if t == nil {
		return h, errors.New("no network yet")
	}
	e.do(func() {
		h = e.punctuality.health(e.clock.now(), since)
		h.Late, h.Overflow, h.Refused = e.core.late, e.core.drops.Overflow, e.writeErrors
		h.Crossings = e.crossings()
	})
	h.Shift(e.clock.offset)
	if each {
		h.Stations = make([]health.Station, len(t.ports))
		for from := 0; from < len(t.ports); from += stationsATime {
			part := h.Stations[from:min(from+stationsATime, len(t.ports))]
			e.do(func() {
				for i := range part {
					p := t.ports[from+i]
					part[i] = health.Station{Name: p.name, Written: p.written}
				}
			})
		}
		h.Stations = of(h.Stations, func(i int) bool { return !t.elsewhere(i) })
	}
	return h, nil
}

// Health implements fabric.Healthy.
func (f *Fabric) Health(ctx context.Context, since uint64, each bool) (health.Health, error) {
	conn, err := f.call(ctx)
	if err != nil {
		return health.Health{}, f.wrap(err)
	}
	defer conn.Close()
	a, err := conn.ask(ctx, request{Op: opHealth, Since: since, Each: each})
	return a.Health, f.wrap(err)
}
