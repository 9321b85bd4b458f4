package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lock makes the caller the only one that changes the testbed, until release is called or its process
// ends. It waits as long as ctx permits.
func (s Store) lock(ctx context.Context, testbed string) (release func(), err error) {
	if err := CheckName(testbed); err != nil {
		return nil, err
	}
	path := filepath.Join(string(s), "."+testbed+".lock")
	for {
		if err := makeDir(string(s)); err != nil {
			return nil, err
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, private)
		if errors.Is(err, os.ErrNotExist) {
			continue // the store was removed in between
		}
		if err != nil {
			return nil, err
		}
		if unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil && sameFile(file, path) {
			return func() {
				_ = os.Remove(path)
				_ = file.Close()
				_ = os.Remove(string(s))
			}, nil
		}
		_ = file.Close()
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("testbed %s is being changed by another process: %w", testbed, context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
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
