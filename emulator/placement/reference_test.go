package placement_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/placement"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/topology"
	"testbed/emulator/topology/ether"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// load reads the published topology and the test trace, or skips where the reference data are absent.
func load(t *testing.T) (*topology.Topology, []workload.Job, string) {
	t.Helper()
	root := filepath.Join("..", "..", "..", "shared", "reference")
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

// The files node-alloc hold the number of tasks on each node, in the order of names.
func TestLoadsEqualPublished(t *testing.T) {
	topo, pool, root := load(t)
	net := simnet.New(topo)
	compared := 0
	for speed, dir := range map[placement.SpeedModel]string{
		placement.SpeedAsPublished: "expected", placement.SpeedCPU: "expected-cpu-speed",
	} {
		for policy, word := range map[placement.Policy]string{placement.Load: "ProcOnly", placement.LoadNet: "ProcNet"} {
			for seed := uint64(1); seed <= 3; seed++ {
				file := fmt.Sprintf("node-alloc=%s.exec=UnchainedExternal.seed=%d", word, seed)
				want, err := os.ReadFile(filepath.Join(root, "statesim", dir, file))
				if os.IsNotExist(err) {
					continue
				} else if err != nil {
					t.Fatal(err)
				}
				place, err := placement.Place(workload.Select(pool, 100, seed), net, placement.Options{
					Topology: topo, Seed: seed, Policy: policy, Speed: speed, Functions: 10,
				})
				if err != nil {
					t.Fatal(err)
				}
				var got strings.Builder
				for _, id := range topo.ByName(topo.Hosts()) {
					fmt.Fprintln(&got, place.Load[id])
				}
				if got.String() != string(want) {
					t.Errorf("%s/%s differs:\n%s", dir, file, got.String())
				}
				compared++
			}
		}
	}
	if compared != 8 {
		t.Errorf("%d files compared, want 8", compared)
	}
}
