package process

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// adopt remembers children, so that they are waited for when they are gone.
func (r *Runtime) adopt(pids []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, pid := range pids {
		r.children[pid] = struct{}{}
	}
}

// reap waits for those of this process's own nodes that have ended.
func (r *Runtime) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for pid := range r.children {
		if _, gone := waitFor(pid, unix.WNOHANG); gone {
			delete(r.children, pid)
		}
	}
}

// waitFor waits for a child. gone is whether there is no such child any more.
func waitFor(pid, options int) (status unix.WaitStatus, gone bool) {
	if pid == 0 {
		return 0, false
	}
	for {
		got, err := unix.Wait4(pid, &status, options, nil)
		if err != unix.EINTR {
			return status, err != nil || got == pid
		}
	}
}

func describe(s unix.WaitStatus) string {
	if s.Signaled() {
		return s.Signal().String()
	}
	return fmt.Sprintf("status %d", s.ExitStatus())
}
