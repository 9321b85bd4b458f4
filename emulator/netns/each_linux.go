package netns

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Each runs f(0) ... f(len(refs)-1), each on a thread inside the network namespace refs[i], one after
// the other. It stops at the first error and returns it. One thread serves all of them, so it is faster
// than as many calls of Do; the thread ends with the call.
func Each(refs []Ref, f func(i int) error) error {
	result := make(chan error, 1)
	go func() {
		// Never unlocked: the thread, which is in a namespace not its own, ends with the goroutine.
		runtime.LockOSThread()
		for i, r := range refs {
			if err := enter(r); err != nil {
				result <- err
				return
			}
			if err := f(i); err != nil {
				result <- err
				return
			}
		}
		result <- nil
	}()
	return <-result
}

func enter(r Ref) error {
	file, err := r.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network namespace %s: %w", r.Path, err)
	}
	return nil
}

// Held is a network namespace without a name, kept by this process's file alone.
type Held struct{ file *os.File }

// New makes a network namespace with its loopback down.
func New() (*Held, error) {
	type made struct {
		file *os.File
		err  error
	}
	result := make(chan made, 1)
	go func() {
		runtime.LockOSThread() // never unlocked, as in Each
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			result <- made{err: fmt.Errorf("make a network namespace: %w", err)}
			return
		}
		file, err := os.Open("/proc/thread-self/ns/net")
		result <- made{file, err}
	}()
	m := <-result
	if m.err != nil {
		return nil, m.err
	}
	return &Held{m.file}, nil
}

// Ref leads to the namespace, for other processes too, while it is held.
func (h *Held) Ref() Ref { return Ref{Path: fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), h.file.Fd())} }

// Close lets the namespace go. It ends with its last process and socket.
func (h *Held) Close() error {
	if err := h.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("network namespace: %w", err)
	}
	return nil
}
