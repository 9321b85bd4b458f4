// Package reference gives tests the published topology and trace that the simulator's own files were made from.
package reference

import (
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/topology"
	"testbed/emulator/topology/ether"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// Load returns the published topology, the chains of the test trace, and the folder of the reference data,
// which lies beside the project's root; up is the way from the test's package to that root. It skips where the
// data are absent.
func Load(t testing.TB, up string) (*topology.Topology, []workload.Job, string) {
	t.Helper()
	root := filepath.Join(filepath.FromSlash(up), "..", "shared", "reference")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("the reference data are not here: %v", err)
	}
	topo, err := ether.Load(filepath.Join(root, "ether", "iiot.0"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(root, "statesim", "batch_task.csv")
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	trace, err := spar.Read(f, name)
	if err != nil || len(trace.Malformed) > 0 {
		t.Fatal(err, trace.Malformed)
	}
	return topo, spar.Chains(trace, workload.DefaultOptions()), root
}
