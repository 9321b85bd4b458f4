package process

import "golang.org/x/sys/unix"

const sys = "/sys"

// hideSysfs takes the host's devices out of the mount namespace that the calling thread is in, a new one of a node's.
// The node's own sysfs comes with the first command, by ensureSysfs: no agent reads it, and the kernel compares one
// that is mounted with those of all other network namespaces, so that the time for all grows with their number squared.
func hideSysfs() {
	for isSysfs(sys) {
		if unix.Unmount(sys, unix.MNT_DETACH) != nil { // as where a container locks its mounts
			mountSysfs()
			return
		}
	}
}

// ensureSysfs mounts, in the namespaces that the calling thread is in, the node's sysfs where it is not there yet: for
// /sys/class/net. Two at once may both mount it, which nobody notices.
func ensureSysfs() {
	if !isSysfs(sys) {
		mountSysfs()
	}
}

// mountSysfs mounts the sysfs of the calling thread's network namespace. A container may forbid it.
func mountSysfs() {
	_ = unix.Mount("sysfs", sys, "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}

func isSysfs(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && fs.Type == unix.SYSFS_MAGIC
}
