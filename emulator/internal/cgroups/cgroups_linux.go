// Package cgroups knows where the control groups of users' functions are: their agents make them, and where an agent
// was killed whoever removes the testbed takes them away.
package cgroups

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Functions is the directory, in each hierarchy, below which a testbed's instances have groups: Functions/TESTBED/NAME.
const Functions = "tb-functions"

// Hierarchies are the mounted ones: version 2's under the empty name, those of version 1 by their controller.
func Hierarchies() map[string]string {
	const root = "/sys/fs/cgroup"
	if _, err := os.Stat(root + "/cgroup.controllers"); err == nil {
		return map[string]string{"": root}
	}
	found := map[string]string{}
	for _, controller := range []string{"memory", "pids", "cpu"} {
		if _, err := os.Stat(filepath.Join(root, controller, "cgroup.procs")); err == nil {
			found[controller] = filepath.Join(root, controller)
		}
	}
	return found
}

// Remove takes a group away whose processes have ended or are ending, and those above it that are empty then.
func Remove(dir string) {
	for range 50 {
		if err := unix.Rmdir(dir); err != unix.EBUSY {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = unix.Rmdir(filepath.Dir(dir)) // these fail while others have theirs there
	_ = unix.Rmdir(filepath.Dir(filepath.Dir(dir)))
}

// RemoveAll takes away the groups of a testbed whose nodes are gone.
func RemoveAll(testbed string) error {
	for _, root := range Hierarchies() {
		parent := filepath.Join(root, Functions, testbed)
		entries, err := os.ReadDir(parent)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.IsDir() {
				Remove(filepath.Join(parent, e.Name()))
			}
		}
		for _, dir := range []string{parent, filepath.Dir(parent)} {
			if err := unix.Rmdir(dir); err != nil && err != unix.ENOENT && err != unix.ENOTEMPTY && err != unix.EBUSY {
				return fmt.Errorf("removing the control group %s: %w", dir, err)
			}
		}
	}
	return nil
}
