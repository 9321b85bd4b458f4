package faas

import "golang.org/x/sys/unix"

// boundFiles lets a program that this one has started write files of most bytes: a node bounds its own, which are its
// log, by less.
func boundFiles(pid int, most int64) {
	var limit unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &limit) != nil {
		return // it has ended
	}
	limit.Max = min(limit.Max, uint64(most))
	limit.Cur = limit.Max
	_ = unix.Prlimit(pid, unix.RLIMIT_FSIZE, &limit, nil)
}
