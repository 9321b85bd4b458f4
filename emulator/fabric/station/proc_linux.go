package station

import (
	"sync"

	"golang.org/x/sys/unix"
)

// sysPath is the directory of all variables.
const sysPath = "/proc/sys"

// sharedBy is how many times one mount of proc is used for a namespace's variables.
const sharedBy = 64

// freshSys opens directories of variables in mounts of proc that are in no directory.
//
// Each network namespace has directories of its own below /proc/sys/net, and the kernel looks for one of them among
// those of all namespaces whose variables were ever looked for in the same mount, one by one: in the host's /proc a
// network of thousands of stations would take longer for that than for all else.
type freshSys struct {
	mutex sync.Mutex
	dir   int // the directory sys of the mount
	left  int // how often that is still to be used
}

// procs are this process's.
var procs freshSys

// open opens the directory sys, the host's where a mount is not allowed or that one is read-only; the caller closes it.
func (f *freshSys) open() (dir int, err error) {
	var host unix.Statfs_t
	if unix.Statfs(sysPath, &host) == nil && host.Flags&unix.ST_RDONLY == 0 {
		if dir, err := f.next(); err == nil {
			return dir, nil // from Linux 5.2
		}
	}
	return unix.Open(sysPath, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

// next opens that of a mount which has not been used often.
func (f *freshSys) next() (dir int, err error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.left == 0 {
		next, err := mountSys()
		if err != nil {
			return -1, err
		}
		if f.dir > 0 {
			unix.Close(f.dir)
		}
		f.dir, f.left = next, sharedBy
	}
	f.left--
	return unix.FcntlInt(uintptr(f.dir), unix.F_DUPFD_CLOEXEC, 0)
}

// mountSys mounts proc and returns its directory sys. The mount goes when that is closed and all that was opened in it.
func mountSys() (dir int, err error) {
	fs, err := unix.Fsopen("proc", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, err
	}
	const flags = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC
	mount, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, flags)
	if err != nil {
		return -1, err
	}
	defer unix.Close(mount)
	return unix.Openat(mount, "sys", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}
