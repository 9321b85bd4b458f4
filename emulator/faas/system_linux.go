package faas

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// openFiles is how many files the process may have open; 0: not known.
func openFiles() int64 {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return 0
	}
	return int64(min(files.Cur, 1<<30))
}

// systemMemory is the memory, in bytes, that the process can use: its control group's, if that is limited
// and to be seen, or the machine's; 0: not known.
func systemMemory() int64 {
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 && n < machineMemory() {
			return n
		}
	}
	return machineMemory()
}

func machineMemory() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	total := uint64(info.Totalram) //nolint:unconvert // an uint32 where the processor has 32 bits
	return int64(total * uint64(info.Unit))
}
