package childenv

import "golang.org/x/sys/unix"

// NoCoreFiles keeps this process from leaving a core file or handing one to a program such as
// systemd-coredump, for which the limit alone is not enough. Children are free again to leave theirs, within
// the hard limit. It cannot fail for a reason that the kernel documents, and nothing depends on it.
func NoCoreFiles() {
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &limit) == nil {
		limit.Cur = 0
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &limit)
	}
}
