//go:build unix

package experiment

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"testbed/emulator/internal/builtin"
)

// child is the environment's variable that makes this test's program execute the experiment in a file.
const child = "EXPERIMENT_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(child); path != "" {
		os.Exit(executeChild(path))
	}
	os.Exit(m.Run())
}

// job is what a child executes.
type job struct {
	Spec Spec
	Dir  string
}

func executeChild(path string) int {
	text, err := os.ReadFile(path)
	var j job
	if err == nil {
		err = json.Unmarshal(text, &j)
	}
	var cells []*Cell
	if err == nil {
		cells, err = Resolve(context.Background(), &j.Spec, builtin.Catalogue(), nil, nil)
	}
	if err == nil {
		_, err = Run(context.Background(), Config{Spec: j.Spec, Cells: cells, Dir: j.Dir, Catalogue: builtin.Catalogue(),
			Workers: 2, Steps: true})
	}
	if err != nil {
		println(err.Error())
		return 1
	}
	return 0
}

// A process that is killed at any instant leaves a directory in which another goes on: in the end the tables are those
// of an experiment that nobody disturbed, byte for byte.
func TestKilledAndResumed(t *testing.T) {
	s := sweep(t, "topology.links.wifi.rate=10Mbps,20Mbps,30Mbps,40Mbps", "workload.jobs=8,12,16")
	s.Repeat = 3
	whole, dir := t.TempDir(), t.TempDir()
	began := time.Now()
	execute(t, s, whole)
	length := time.Since(began)
	text, err := json.Marshal(job{s, dir})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "job.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	killed, most := 0, 40
	if testing.Short() {
		most = 2
	}
	for range most {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), child+"="+path)
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(rand.Int64N(int64(length))), func() { _ = c.Process.Kill() })
		err := c.Wait()
		timer.Stop()
		if err == nil {
			break
		}
		if c.ProcessState.Exited() {
			t.Fatalf("the process has failed: %v", err)
		}
		killed++
	}
	o := execute(t, s, dir)
	if killed == 0 {
		t.Skip("no process was slow enough to be killed")
	}
	t.Logf("killed %d times; %d of %d cells were there at the end", killed, o.Found, o.Done)
	want := files(t, whole)
	for name, got := range files(t, dir) {
		if got != want[name] {
			t.Errorf("%s differs from that of an experiment that nobody disturbed", name)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name()[0] == '.' {
			t.Errorf("%s is left", e.Name())
		}
	}
}
