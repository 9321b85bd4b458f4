package orchestrator

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// DiskDir is the directory in which a node of a testbed keeps what is too much for memory, which the store is in. The
// node makes it; it is removed with the testbed.
func (h *Host) DiskDir(testbed, node string) string {
	return filepath.Join(h.testbedDisk(testbed), node)
}

// testbedDisk has the directories of a testbed's nodes.
func (h *Host) testbedDisk(testbed string) string { return filepath.Join(h.disk(), testbed) }

func (h *Host) disk() string {
	if h.Disk != "" {
		return h.Disk
	}
	return filepath.Join(string(h.Store), ".disk") // which can be no testbed's name
}

// clearDisk removes what a testbed's nodes have on disk. That outlives a reboot, which the store does not.
func (h *Host) clearDisk(testbed string) error {
	if err := CheckName(testbed); err != nil {
		return err
	}
	if err := os.RemoveAll(h.testbedDisk(testbed)); err != nil {
		return err
	}
	_ = os.Remove(h.disk()) // fails, as it should, while others have something there
	return nil
}

// onDisk lists the testbeds of which something is on disk.
func (h *Host) onDisk() ([]string, error) {
	entries, err := os.ReadDir(h.disk())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() || CheckName(e.Name()) != nil })
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}
