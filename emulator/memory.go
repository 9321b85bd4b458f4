package emulator

import (
	"os"
	"strconv"
	"strings"

	"testbed/emulator/resolved"
	"testbed/emulator/units"
)

// CheckMemory refuses a workload that the nodes or this host cannot hold. Its errors wrap ErrInput.
func CheckMemory(e *resolved.Scenario) error {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return input(e.CheckMemory(0))
	}
	return input(e.CheckMemory(availableMemory(string(text))))
}

// availableMemory is MemAvailable of /proc/meminfo; 0: it is not there.
func availableMemory(text string) units.ByteSize {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[0] != "MemAvailable:" || fields[2] != "kB" {
			continue
		}
		if n, err := strconv.ParseInt(fields[1], 10, 64); err == nil && n > 0 {
			return units.ByteSize(units.Mul(n, 1024))
		}
	}
	return 0
}
