// Package procstat reads what processors have done, from the text of /proc/stat.
package procstat

import (
	"strconv"
	"strings"
)

// Ticks are times of all processors together since the host's start, in units that do not matter. Waiting for a disk
// is idle. Differences of two readings may be below 0: steal and idle may go back by a tick.
type Ticks struct {
	Processors                  int
	Total, Idle, Softirq, Steal uint64
	Whole                       bool // all of these are known: older kernels do not tell of softirq and steal
}

// The columns of a line (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq, steal. Guests' times are parts
// of user and nice.
const (
	least   = 4
	columns = 8
)

// Parse reads the text. ok is false where it does not say what all processors together have done.
func Parse(text string) (t Ticks, ok bool) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 1+least || !strings.HasPrefix(fields[0], "cpu") {
			continue
		}
		if fields[0] != "cpu" {
			t.Processors++
			continue
		}
		ok, t.Whole = true, len(fields) > columns
		for i, field := range fields[1:min(len(fields), 1+columns)] {
			n, err := strconv.ParseUint(field, 10, 62)
			if err != nil {
				return Ticks{}, false
			}
			t.Total += n
			switch i {
			case 3, 4:
				t.Idle += n
			case 6:
				t.Softirq += n
			case 7:
				t.Steal += n
			}
		}
	}
	return t, ok
}
