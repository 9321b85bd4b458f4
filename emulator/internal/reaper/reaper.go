//go:build unix

// Package reaper waits for children: a node's first process waits for all there are, orphans included, and those that
// somebody started have their status told to him all the same. Package os/exec cannot be used beside it.
package reaper

import (
	"sync"
	"syscall"
)

var (
	mu      sync.Mutex
	owned   = map[int]chan<- syscall.WaitStatus{}
	general bool // All is called whenever a child ends
)

// General says that this process calls All whenever a child of its has ended.
func General() {
	mu.Lock()
	defer mu.Unlock()
	general = true
}

// Start calls start, which makes a child, and gives its number and its status when it has ended.
func Start(start func() (pid int, err error)) (pid int, ended <-chan syscall.WaitStatus, err error) {
	mu.Lock()
	defer mu.Unlock() // a child that ends at once is not waited for before it is known here
	if pid, err = start(); err != nil {
		return 0, nil, err
	}
	status := make(chan syscall.WaitStatus, 1)
	owned[pid] = status
	if !general {
		go wait(pid)
	}
	return pid, status, nil
}

// wait waits for one child. Where somebody else waits for all, he tells its status.
func wait(pid int) {
	for {
		var status syscall.WaitStatus
		got, err := syscall.Wait4(pid, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err == nil && got == pid {
			tell(pid, status)
		}
		return
	}
}

// All waits for all children that have ended.
func All() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		tell(pid, status)
	}
}

func tell(pid int, status syscall.WaitStatus) {
	mu.Lock()
	defer mu.Unlock()
	if to := owned[pid]; to != nil {
		to <- status
		delete(owned, pid)
	}
}
