package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hugeScenario is a scenario whose only job has six states of the given percent of memory.
func hugeScenario(t *testing.T, mem string) string {
	t.Helper()
	var rows strings.Builder
	fmt.Fprint(&rows, "0,j_1,M1,1,100,0.5,1\n")
	for i := 2; i < 7; i++ {
		fmt.Fprintf(&rows, "0,j_1,M%d,1,100,%s,1\n", i, mem)
	}
	fmt.Fprintf(&rows, "0,j_1,M7,1,100,%s,1\n0,j_1,R8_7_6_5_4_3_2_1,1,100,0.5,1\n", mem)
	dir := t.TempDir()
	path := filepath.Join(dir, "huge.yaml")
	text := `name: huge
topology:
  nodes:
    pi:     {kind: host, memory: 1GiB, cpu: 4}
    server: {kind: host, memory: 1GiB, cpu: 8}
  links:
    - {endpoints: [pi, server], rate: 20Mbps, delay: 10ms}
workload: {trace: huge.csv}
`
	for name, data := range map[string]string{path: text, filepath.Join(dir, "huge.csv"): rows.String()} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// What does not fit is refused before anything is made, with the row; it can be predicted all the same.
func TestHugeStatesAreRefused(t *testing.T) {
	for _, mem := range []string{"950", "1e12"} {
		path := hugeScenario(t, mem)
		for _, args := range [][]string{
			{"validate", path}, {"up", path}, {"up", path, "--dry-run"}, {"run", path}, {"apply", path},
		} {
			got := invoke(t, args...)
			row := "huge.csv:2: job j_1, largest task M2"
			if got.code != ExitUsage || !strings.Contains(got.stderr, row) || got.stdout != "" {
				t.Errorf("%s of %s: exit %d\n%s%s", args[0], mem, got.code, got.stdout, got.stderr)
			}
		}
	}
	if got := invoke(t, "simulate", hugeScenario(t, "950")); got.code != ExitOK {
		t.Errorf("simulate: exit %d\n%s", got.code, got.stderr)
	}
}
