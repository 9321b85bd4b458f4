package netns

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
)

// Held is a network namespace without a name, kept by this process's file alone.
type Held struct {
	file  *os.File
	inode uint64
}

// Hold makes a network namespace with its loopback down.
func Hold() (*Held, error) {
	h := &Held{}
	err := proc.OnSpareThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		if h.file, err = os.Open("/proc/thread-self/ns/net"); err == nil {
			h.inode, err = proc.Inode(h.file)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

// Ref leads to the namespace, for other processes too, while it is held.
func (h *Held) Ref() Ref {
	return Ref{Path: fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), h.file.Fd()), Inode: h.inode}
}

// Close lets the namespace go. It ends with its last process and socket.
func (h *Held) Close() error {
	if err := h.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("network namespace: %w", err)
	}
	return nil
}
