package hostload

import (
	"os"
	"path/filepath"
	"time"
)

// Read reads what the kernel has counted by now.
func Read() Snapshot {
	f := files{pressure: map[string]string{}}
	f.stat = text("/proc/stat")
	for _, r := range resources {
		f.pressure[r] = text("/proc/pressure/" + r)
	}
	const processors = "/sys/devices/system/cpu/cpu[0-9]*/"
	f.khz, f.heat = texts(processors+"cpufreq/scaling_cur_freq"), texts(processors+"thermal_throttle/core_throttle_count")
	return parse(time.Now(), f)
}

func text(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(data)
}

func texts(pattern string) (all []string) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil
	}
	for _, path := range paths {
		all = append(all, text(path))
	}
	return all
}
