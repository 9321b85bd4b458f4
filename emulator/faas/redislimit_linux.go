package faas

import "golang.org/x/sys/unix"

// unbound lets a program that this one has started write files as large as this one may at most: a node bounds its own,
// which are its log.
func unbound(pid int) {
	var limit unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &limit) != nil {
		return // it has ended
	}
	limit.Cur = limit.Max
	_ = unix.Prlimit(pid, unix.RLIMIT_FSIZE, &limit, nil)
}
