package hostload

import (
	"os"
	"path/filepath"
	"time"
)

// Read reads what the kernel has counted by now.
func Read() Snapshot {
	t := counted()
	return t.Snapshot(time.Now())
}

// counted are the texts that a Snapshot is made of.
func counted() Texts {
	t := Texts{Stat: text("/proc/stat"), Pressure: map[string]string{}}
	for _, r := range resources {
		t.Pressure[r] = text("/proc/pressure/" + r)
	}
	const processors = "/sys/devices/system/cpu/cpu[0-9]*/"
	t.KHz, t.Heat = texts(processors+"cpufreq/scaling_cur_freq"), texts(processors+"thermal_throttle/core_throttle_count")
	return t
}

// textsHere are those of this machine.
func textsHere() Texts {
	t := counted()
	t.Stat, t.Loadavg, t.Meminfo = processorsOf(t.Stat), text("/proc/loadavg"), text("/proc/meminfo")
	return t
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
