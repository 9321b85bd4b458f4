package process

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ownSysfs is the source by which the mounts of a node tell that its own sysfs is among them.
const ownSysfs = "tb-sys"

// ensureSysfs mounts at /sys, in a node's namespaces, which the calling thread has entered, the sysfs of its network
// where it is not there yet: for /sys/class/net. It comes with the first command: no agent reads it, and the kernel
// compares one that is mounted with those of all other network namespaces, so that the time for all would grow with
// their number squared. Two commands at once may both mount it, which nobody notices. A container may forbid it.
func ensureSysfs() {
	mounts, err := os.ReadFile("/proc/1/mountinfo") // /proc/self is in another pid namespace
	if err != nil || hasOwnSysfs(string(mounts)) {
		return
	}
	_ = unix.Mount(ownSysfs, "/sys", "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}

// hasOwnSysfs says whether a mountinfo, as proc(5) has it, lists what ensureSysfs mounts.
func hasOwnSysfs(mounts string) bool {
	for line := range strings.Lines(mounts) {
		at, what, _ := strings.Cut(line, " - ")
		if strings.Contains(at, " / /sys ") && strings.HasPrefix(what, "sysfs "+ownSysfs+" ") {
			return true
		}
	}
	return false
}
