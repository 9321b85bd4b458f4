package userspace

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"testbed/emulator/fabric"
)

// queuesATime is how many queues are read between two packets, so that none waits for a large network.
const queuesATime = 128

// inspect reads the queues, the counters and, unless that is not asked for, the stations. Changes do not wait for it.
func (s *server) inspect(bare bool) (reply, error) {
	s.mutex.Lock()
	t, homes := s.table, maps.Clone(s.namespaces)
	s.mutex.Unlock()
	if t == nil {
		return reply{}, errors.New("no network yet")
	}
	all := make([]fabric.QueueStatus, len(t.queues))
	for from := 0; from < len(all); from += queuesATime {
		part := all[from:min(from+queuesATime, len(all))]
		s.engine.do(func() {
			for i := range part {
				part[i] = t.queues[from+i].status()
			}
		})
	}
	stats := Stats{PID: os.Getpid(), Stations: len(t.ports)}
	stopped := make([]uint64, len(t.gates))
	s.engine.do(func() {
		for i, g := range t.gates {
			stopped[i] = g.stopped
		}
		stats.Calibration = s.engine.latency.wake
		stats.UnderWay, stats.Drops, stats.WriteErrors = len(s.engine.core.events), s.engine.core.drops, s.engine.writeErrors
	})
	for i, n := range stopped {
		if n > 0 {
			if stats.DownAt == nil {
				stats.DownAt = map[string]uint64{}
			}
			stats.DownAt[t.gates[i].name] = n
		}
	}
	latency := time.Duration(slices.Max(stats.Calibration[:]) + stackLatency)
	note := fmt.Sprintf("up to %v of the host's own latency are taken off each path", latency.Round(time.Microsecond))
	for i, c := range t.channels {
		all[i].Link, all[i].Dir = t.network.Topology.Vertices[c.Link].Name, c.Dir
		t.shapes[i].tell(&all[i], s.engine.clock.now(), s.engine.clock.offset)
		all[i].From, all[i].Down, all[i].Note = t.users[i], t.faults.down[c.Link], note
	}
	a := reply{Status: fabric.Status{Queues: of(all, t.owns)}, Stats: stats}
	if !bare {
		a.Status.Stations = s.stations(t, homes)
	}
	return a, nil
}

// stations is what is seen of the stations, and has been counted.
func (s *server) stations(t *table, homes map[*port]string) []fabric.StationStatus {
	seen := s.observe(t, homes)
	all := make([]fabric.StationStatus, len(t.ports))
	s.engine.do(func() {
		for i, p := range t.ports {
			all[i] = fabric.StationStatus{
				Name: p.name, Attached: p.fd >= 0 && seen[i].home != "" && !seen[i].missing, Note: seen[i].note(),
				Packets: p.written.Count, Unreachable: p.unreachable, Ignored: p.ignored, Errors: p.errors + seen[i].dropped,
			}
			if p.lost != "" && !seen[i].absent {
				all[i].Note = p.lost
			}
		}
	})
	return of(all, func(i int) bool { return !t.elsewhere(i) })
}

// of keeps what belongs to this machine.
func of[T any](all []T, here func(int) bool) []T {
	kept := all[:0]
	for i := range all {
		if here(i) {
			kept = append(kept, all[i])
		}
	}
	return kept
}
