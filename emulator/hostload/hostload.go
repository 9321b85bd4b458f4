// Package hostload reads what the host had to do during a run, and what it lacked: processors that were busy or a
// hypervisor's, work that waited (/proc/pressure), clocks that went slower. It is what the kernel has counted between
// two instants, and says for what reason a run was disturbed, not that it was.
package hostload

import (
	"strconv"
	"strings"
	"time"

	"testbed/emulator/internal/procstat"
	"testbed/emulator/record"
)

// Snapshot is what the kernel has counted by an instant. The zero value: it does not tell.
type Snapshot struct {
	at       time.Time
	ticks    procstat.Ticks
	pressure map[string]int64 // by resource, µs in which something waited for it
	mhz      []float64        // of processors
	heat     uint64           // how often they were slowed down, for they were too hot
}

// files are the kernel's texts. What it does not have is empty.
type files struct {
	stat     string
	pressure map[string]string // by resource
	khz      []string          // scaling_cur_freq of processors
	heat     []string          // core_throttle_count of processors
}

// resources are those of which the kernel counts how long somebody waited for them.
var resources = []string{"cpu", "io", "memory"}

func parse(at time.Time, f files) Snapshot {
	s := Snapshot{at: at, pressure: map[string]int64{}}
	if t, ok := procstat.Parse(f.stat); ok && t.Whole {
		s.ticks = t
	}
	for _, r := range resources {
		if total, ok := parsePressure(f.pressure[r]); ok {
			s.pressure[r] = total
		}
	}
	for _, text := range f.khz {
		if khz, err := strconv.ParseUint(strings.TrimSpace(text), 10, 40); err == nil && khz > 0 {
			s.mhz = append(s.mhz, float64(khz)/1000)
		}
	}
	for _, text := range f.heat {
		if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 40); err == nil {
			s.heat += n
		}
	}
	return s
}

// parsePressure reads the total of the line "some" of a file of /proc/pressure, in µs.
func parsePressure(text string) (int64, bool) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "some" {
			continue
		}
		for _, f := range fields {
			if number, ok := strings.CutPrefix(f, "total="); ok {
				total, err := strconv.ParseInt(number, 10, 64)
				return total, err == nil && total >= 0
			}
		}
	}
	return 0, false
}

// Since is what the host had to do between an earlier snapshot and this one; nil where that is not known. Shares are
// from 0 to 1.
func (s Snapshot) Since(earlier Snapshot) *record.HostLoad {
	elapsed := s.at.Sub(earlier.at)
	if s.ticks.Total <= earlier.ticks.Total || elapsed <= 0 {
		return nil
	}
	total := s.ticks.Total - earlier.ticks.Total
	share := func(now, then uint64) float64 { // steal and idle may go back by a tick
		return min(float64(now-min(now, then))/float64(total), 1)
	}
	h := &record.HostLoad{
		Processors: s.ticks.Processors, Idle: share(s.ticks.Idle, earlier.ticks.Idle),
		Softirq: share(s.ticks.Softirq, earlier.ticks.Softirq), Steal: share(s.ticks.Steal, earlier.ticks.Steal),
		Throttled: s.heat - min(s.heat, earlier.heat),
	}
	for r, of := range map[string]**float64{"cpu": &h.CPU, "io": &h.IO, "memory": &h.Memory} {
		now, known := s.pressure[r]
		then, knew := earlier.pressure[r]
		if known && knew && now >= then {
			waited := min(float64(now-then)/float64(elapsed.Microseconds()+1), 1)
			*of = &waited
		}
	}
	for _, mhz := range append(earlier.mhz, s.mhz...) {
		if h.MinMHz == 0 || mhz < h.MinMHz {
			h.MinMHz = mhz
		}
		h.MaxMHz = max(h.MaxMHz, mhz)
	}
	return h
}
