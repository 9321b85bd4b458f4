package sampler

import "os"

func readFiles() (files, bool) {
	var f files
	var err error
	if f.stat, err = os.ReadFile("/proc/stat"); err != nil {
		return f, false
	}
	f.loadavg, _ = os.ReadFile("/proc/loadavg")
	f.meminfo, _ = os.ReadFile("/proc/meminfo")
	return f, true
}
