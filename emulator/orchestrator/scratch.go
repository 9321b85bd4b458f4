package orchestrator

import (
	"path/filepath"
)

// scratch makes a testbed's directory with the files that its nodes need. bounded says that what nodes may write
// is to have a bound.
func (h *Host) scratch(testbed string, stations []Station, scenario []byte, bounded bool) (hosts string, err error) {
	dir := h.Store.Dir(testbed)
	if err := replaceFile(filepath.Join(dir, "scenario.yaml"), scenario, private); err != nil {
		return "", err
	}
	if err := makeDir(h.Store.nodesDir(testbed)); err != nil {
		return "", err
	}
	if bounded {
		if err := h.Store.boundNodes(testbed, len(stations)); err != nil {
			return "", err
		}
	}
	for _, station := range stations {
		if err := makeDir(h.Store.NodeDir(testbed, station.Name)); err != nil {
			return "", err
		}
	}
	hosts = filepath.Join(dir, "hosts")
	return hosts, replaceFile(hosts, []byte(hostsFile(stations)), public)
}
