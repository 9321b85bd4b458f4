package networktest

import (
	"fmt"
	"strings"

	"testbed/emulator/topology"
)

// Shape is a shape in words, without what is zero; a hyphen: all is.
func Shape(s *topology.Shape) string {
	var all []string
	add := func(given bool, format string, args ...any) {
		if given {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	add(s.Rate != 0, "%s", s.Rate)
	add(s.Delay != 0, "%s", s.Delay)
	add(s.Jitter != 0, "jitter %s", s.Jitter)
	add(s.Loss != 0, "loss %.6g", s.Loss)
	add(s.Reorder != 0, "reorder %.6g", s.Reorder)
	add(s.Duplicate != 0, "duplicate %.6g", s.Duplicate)
	add(s.Corrupt != 0, "corrupt %.6g", s.Corrupt)
	add(s.Queue != 0, "queue %s", s.Queue)
	if len(all) == 0 {
		return "-"
	}
	return strings.Join(all, " ")
}
