package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lock makes the caller the only one that changes the testbed, until release is called or its process ends. It
// waits as long as ctx permits. What is locked is the testbed's directory, which is made where it is not there,
// and removed by release where nothing came into it: locking writes nothing, and works on a full disk.
func (s Store) lock(ctx context.Context, testbed string) (release func(), err error) {
	if err := CheckName(testbed); err != nil {
		return nil, err
	}
	path := s.Dir(testbed)
	for {
		if err := s.makeDir(testbed); err != nil {
			return nil, err
		}
		dir, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
		if errors.Is(err, os.ErrNotExist) {
			continue // it was removed in between
		}
		if err != nil {
			return nil, err
		}
		if tryLock(dir) && sameFile(dir, path) {
			return func() {
				if sameFile(dir, path) { // else another process may have made it anew
					_ = os.Remove(path) // which fails, as it should, while something is in it
				}
				_ = dir.Close()
				_ = os.Remove(string(s))
			}, nil
		}
		_ = dir.Close()
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("testbed %s is being changed by another process: %w", testbed, context.Cause(ctx))
		case <-time.After(lockPoll):
		}
	}
}

// tryLock locks an open file for as long as it stays open, unless another one has it.
func tryLock(file *os.File) bool {
	return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}

// sameFile says whether path still names the open file, which its last owner may have removed.
func sameFile(file *os.File, path string) bool {
	ours, err := file.Stat()
	if err != nil {
		return false
	}
	theirs, err := os.Stat(path)
	return err == nil && os.SameFile(ours, theirs)
}
