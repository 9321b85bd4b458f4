package orchestrator

import (
	"os"
	"path/filepath"
	"slices"
	"testbed/emulator/internal/statefile"
)

// scratch makes what a testbed's nodes need in its directory. bounded says that what nodes may write is to have a
// bound.
func (h *Host) scratch(testbed string, stations []Station, bounded bool) (hosts string, err error) {
	if err := statefile.Dir(h.Store.nodesDir(testbed)); err != nil {
		return "", err
	}
	if bounded {
		if err := h.Store.boundNodes(testbed, len(stations)); err != nil {
			return "", err
		}
	}
	return h.Store.hostsPath(testbed), h.Store.makeNodes(testbed, stations)
}

// makeNodes makes the directories of nodes, and tells all nodes each other's addresses.
func (s Store) makeNodes(testbed string, stations []Station) error {
	for _, station := range stations {
		if err := statefile.Dir(s.NodeDir(testbed, station.Name)); err != nil {
			return err
		}
	}
	return s.writeHosts(testbed, stations)
}

// hostsPath is the file that all nodes see as /etc/hosts.
func (s Store) hostsPath(testbed string) string { return filepath.Join(s.Dir(testbed), "hosts") }

// writeHosts writes that file: in place where it is there, for nodes that run see the file, not its name.
func (s Store) writeHosts(testbed string, stations []Station) error {
	path, text := s.hostsPath(testbed), []byte(hostsFile(stations))
	old, err := readBounded(path, maxJournal)
	if err != nil {
		return statefile.Replace(path, text, public)
	}
	if slices.Equal(old, text) {
		return nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	// A name that is looked up meanwhile is found in the old text or in the new one, but for lines that move.
	if _, err := file.WriteAt(text, 0); err != nil {
		return err
	}
	return file.Truncate(int64(len(text)))
}
