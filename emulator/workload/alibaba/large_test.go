package alibaba

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/workload"
	"testbed/emulator/workload/rows/rowstest"
)

// published18 writes a row of a trace like the published one: jobs of four tasks, out of order, every fourth one with a
// state, and of every 25 tasks one without precedence.
func published18(out *bytes.Buffer, i int) {
	job, k := i/4, i%4
	name := []string{"M1", "R2_1", "M3", "R4_2"}[k]
	switch {
	case k == 3 && job%4 == 0:
		name = "J4_2_3"
	case k == 2 && job%25 == 0:
		name = fmt.Sprintf("task_%024d", i)
	}
	start := 86400 + job*7919%100_000
	_, _ = fmt.Fprintf(out, "%s,%d,j_%d,1,Terminated,%d,%d,%d,0.%d\n", name, 1+i*31%900, job*7919%250_007, start+k,
		start+k+i*17%300, 50+50*(i%2), 20+i%40)
}

// large is the path of a file of a million rows.
func large(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "large.csv")
	if err := os.WriteFile(path, rowstest.Text(published18), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAMillionRows(t *testing.T) {
	if testing.Short() {
		t.Skip("a million rows take seconds")
	}
	path := large(t)
	rowstest.Bounded(t, rowstest.Rows/4, func() (workload.Trace, error) { return load(path, nil) })
}

func BenchmarkAMillionRows(b *testing.B) {
	path := large(b)
	rowstest.Bench(b, func() (workload.Trace, error) { return load(path, nil) })
}
