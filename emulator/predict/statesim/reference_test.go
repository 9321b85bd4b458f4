package statesim

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/internal/reference"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// published is the topology and trace of the published run, and the folder of its files.
func published(t testing.TB) (*topology.Topology, []workload.Job, string) {
	t.Helper()
	topo, pool, root := reference.Load(t, "../../..")
	return topo, pool, filepath.Join(root, "statesim")
}

// Every file that statesim v1.1.1 wrote, and every one of the release after it, byte for byte.
func TestFilesEqualPublished(t *testing.T) {
	topo, pool, root := published(t)
	compared := 0
	for _, run := range []struct {
		dir   string
		speed placement.SpeedModel
		seeds uint64
	}{{"expected", placement.SpeedAsPublished, 3}, {"expected-cpu-speed", placement.SpeedCPU, 1}} {
		config := DefaultConfig(topo, pool)
		config.Speed = run.speed
		sim, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		for seed := uint64(1); seed <= run.seeds; seed++ {
			for _, policy := range placement.Policies {
				replication, err := sim.Replicate(100, seed, policy)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range plan.Study {
					rows, err := replication.Rows(m)
					if err != nil {
						t.Fatal(err)
					}
					jobs, nodes := FileNames(policy, m, seed)
					var got bytes.Buffer
					if err := WriteRows(&got, rows); err != nil {
						t.Fatal(err)
					}
					compare(t, got.Bytes(), filepath.Join(root, run.dir, jobs))
					got.Reset()
					loads, err := replication.Loads(m)
					if err != nil {
						t.Fatal(err)
					}
					if err := WriteLoads(&got, loads); err != nil {
						t.Fatal(err)
					}
					compare(t, got.Bytes(), filepath.Join(root, run.dir, nodes))
					compared += 2
				}
			}
		}
	}
	if compared != 48+16 {
		t.Errorf("%d files compared, want 64", compared)
	}
}

func compare(t *testing.T, got []byte, file string) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(g), len(w)) {
		if !bytes.Equal(g[i], w[i]) {
			t.Errorf("%s:%d\n got %s\nwant %s", file, i+1, g[i], w[i])
			return
		}
	}
	t.Errorf("%s: %d lines, want %d", file, len(g), len(w))
}
