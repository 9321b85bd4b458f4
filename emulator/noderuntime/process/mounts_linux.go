package process

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"testbed/emulator/netns"
)

// The sources by which the mounts of a node tell that its own are among them.
const (
	ownSysfs = "tb-sys"
	ownNames = "tb-names"
)

// ensureMounts mounts in a node's namespaces, which the calling thread has entered, what is not there yet. It comes
// with the first command, since nodes' programs need none of it. Two commands at once may both mount it, which nobody
// notices. A container may forbid it.
//
// At /sys it is the sysfs of the node's network, for /sys/class/net: the kernel compares one that is mounted with those
// of all other network namespaces, so that the time for all would grow with their number squared. Over the host's names
// of network namespaces, of which those made since are dead ends in a node that ip(8) complains of, and the others lead
// out of it, it is an empty directory.
func ensureMounts() {
	mounts, err := os.ReadFile("/proc/1/mountinfo") // /proc/self is in another pid namespace
	if err != nil {
		return
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if !mounted(string(mounts), "/sys", "sysfs", ownSysfs) {
		_ = unix.Mount(ownSysfs, "/sys", "sysfs", flags, "")
	}
	if !mounted(string(mounts), netns.Names, "tmpfs", ownNames) {
		_ = unix.Mount(ownNames, netns.Names, "tmpfs", flags, "size=64k,mode=755")
	}
}

// mounted says whether a mountinfo, as proc(5) has it, lists a file system of a kind and source, whole, at a place.
func mounted(mounts, place, kind, source string) bool {
	for line := range strings.Lines(mounts) {
		at, what, _ := strings.Cut(line, " - ")
		if strings.Contains(at, " / "+place+" ") && strings.HasPrefix(what, kind+" "+source+" ") {
			return true
		}
	}
	return false
}
