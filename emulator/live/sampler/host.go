package sampler

import (
	"bufio"
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"

	"testbed/emulator/record"
)

// files are the kernel's texts that tell of the host's load.
type files struct{ stat, loadavg, meminfo []byte }

// meter turns the kernel's counters into shares of an interval.
type meter struct {
	read func() (files, bool) // false: not on this system
	last *ticks
}

func newMeter() *meter { return &meter{read: readFiles} }

// ticks are processor time since the host's start, of all processors together.
type ticks struct{ total, idle, steal uint64 }

// sample is the host's load since the sample before; nil for the first, and where it is not known.
func (m *meter) sample(tags record.Tags, now time.Time, elapsed float64) *record.Host {
	f, ok := m.read()
	if !ok {
		return nil
	}
	at, processors, ok := parseStat(f.stat)
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
		Time:       now,
		Interval:   elapsed,
		Load1:      parseLoad(f.loadavg),
		Processors: processors,
	}
	h.MemoryTotal, h.MemoryUsed = parseMemory(f.meminfo)
	// Between two samples the counters may not have moved, and steal may go back by a tick.
	if total := float64(at.total) - float64(last.total); total > 0 {
		h.Busy = fraction(total-(float64(at.idle)-float64(last.idle)), total)
		h.Steal = min(h.Busy, fraction(float64(at.steal)-float64(last.steal), total))
	}
	return h
}

func fraction(part, of float64) float64 { return max(0, min(1, part/of)) }

// parseStat reads /proc/stat (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq, steal; guest
// times are parts of user and nice. Waiting for a disk counts as idle.
func parseStat(text []byte) (t ticks, processors int, ok bool) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || !strings.HasPrefix(fields[0], "cpu") {
			continue
		}
		if fields[0] != "cpu" {
			processors++
			continue
		}
		ok = true
		for i, field := range fields[1:min(len(fields), 9)] {
			n, err := strconv.ParseUint(field, 10, 64)
			if err != nil {
				return ticks{}, 0, false
			}
			t.total += n
			switch i {
			case 3, 4:
				t.idle += n
			case 7:
				t.steal += n
			}
		}
	}
	return t, processors, ok
}

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
