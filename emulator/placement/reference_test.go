package placement_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/internal/reference"
	"testbed/emulator/placement"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/workload"
)

// The files node-alloc hold the number of tasks on each node, in the order of names.
func TestLoadsEqualPublished(t *testing.T) {
	topo, pool, root := reference.Load(t, "../..")
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
					Topology: topo, Seed: seed, Rule: rule(policy), Speed: speed, Functions: 10,
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
