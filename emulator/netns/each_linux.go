package netns

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
)

// Each runs f(0) ... f(len(refs)-1), each on a thread inside the network namespace refs[i], one after
// the other. It stops at the first error and returns it. One thread serves all of them, so it is faster
// than as many calls of Do; the thread ends with the call.
func Each(refs []Ref, f func(i int) error) error {
	return proc.OnSpareThread(func() error {
		for i, r := range refs {
			if err := enter(r); err != nil {
				return err
			}
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	})
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
	h := &Held{}
	err := proc.OnSpareThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		h.file, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	if err != nil {
		return nil, err
	}
	return h, nil
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
