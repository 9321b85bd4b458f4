package sampler

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"testbed/emulator/internal/procstat"
	"testbed/emulator/record"
)

// files are the kernel's texts that tell of the host's load.
type files struct{ stat, loadavg, meminfo []byte }

// meter turns the kernel's counters into shares of an interval.
type meter struct {
	read func() (files, bool) // false: not on this system
	last *procstat.Ticks
	on   string // the machine's name; empty: this one
}

func newMeter() *meter { return &meter{read: readFiles} }

// sample is the host's load since the sample before; nil for the first, and where it is not known.
func (m *meter) sample(tags record.Tags, now time.Time, elapsed float64) *record.Host {
	f, ok := m.read()
	if !ok {
		return nil
	}
	at, ok := procstat.Parse(string(f.stat))
	last := m.last
	if !ok {
		return nil
	}
	m.last = &at
	if last == nil {
		return nil
	}
	h := &record.Host{
		Run:        tags.Run,
		Testbed:    tags.Testbed,
		Scenario:   tags.Scenario,
		Fabric:     tags.Fabric,
		Runtime:    tags.Runtime,
		Factors:    tags.Factors,
		Machine:    m.on,
		Time:       now,
		Interval:   elapsed,
		Load1:      parseLoad(f.loadavg),
		Processors: at.Processors,
	}
	h.MemoryTotal, h.MemoryUsed = parseMemory(f.meminfo)
	// Between two samples the counters may not have moved, and steal may go back by a tick.
	if total := float64(at.Total) - float64(last.Total); total > 0 {
		h.Busy = fraction(total-(float64(at.Idle)-float64(last.Idle)), total)
		h.Steal = min(h.Busy, fraction(float64(at.Steal)-float64(last.Steal), total))
	}
	return h
}

func fraction(part, of float64) float64 { return max(0, min(1, part/of)) }

// parseLoad reads the load average over a minute from /proc/loadavg; 0 where there is none.
func parseLoad(text []byte) float64 {
	first, _, _ := strings.Cut(string(text), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil || math.IsNaN(load) || math.IsInf(load, 0) {
		return 0
	}
	return load
}

// parseMemory reads /proc/meminfo: bytes in all, and those that are used and could not be given back.
func parseMemory(text []byte) (total, used int64) {
	values := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		if fields := strings.Fields(rest); len(fields) > 0 {
			if n, err := strconv.ParseInt(fields[0], 10, 53); err == nil {
				values[name] = n << 10 // they are in KiB
			}
		}
	}
	total = max(0, values["MemTotal"])
	return total, max(0, min(total, total-values["MemAvailable"]))
}

// others samples the load of the other machines, all at the same time. What one does not tell is left out.
func (s *Sampler) others(ctx context.Context, now time.Time, elapsed float64) (all []*record.Host) {
	if len(s.config.Hosts) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Interval)
	defer cancel()
	if s.meters == nil {
		s.meters = map[string]*meter{}
	}
	names := slices.Sorted(maps.Keys(s.config.Hosts))
	loads := make([]*record.Host, len(names))
	var asking sync.WaitGroup
	for i, name := range names {
		m := s.meters[name]
		if m == nil {
			m = &meter{on: name}
			s.meters[name] = m
		}
		asking.Go(func() {
			f, err := s.config.Hosts[name](ctx)
			m.read = func() (files, bool) {
				return files{[]byte(f.Stat), []byte(f.Loadavg), []byte(f.Meminfo)}, err == nil
			}
			loads[i] = m.sample(s.config.Tags, now, elapsed)
		})
	}
	asking.Wait()
	for _, h := range loads {
		if h != nil {
			all = append(all, h)
		}
	}
	return all
}
