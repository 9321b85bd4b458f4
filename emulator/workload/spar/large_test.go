package spar

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/workload"
	"testbed/emulator/workload/rows/rowstest"
)

// row writes a row of a trace like the hour's: jobs of four tasks, every fourth one with a state.
func row(out *bytes.Buffer, i int) {
	job, k := i/4, i%4
	name := []string{"M1", "R2_1", "M3", "R4_2"}[k]
	if k == 3 && job%4 == 0 {
		name = "J4_2_3"
	}
	_, _ = fmt.Fprintf(out, "%.3f,j_%d,%s,%d,%d.0,0.%d,%d\n", float64(job)/7, job, name, i*17%300, 50+50*(i%2), 20+i%40,
		1+i*31%900)
}

// large is the path of a file of a million rows.
func large(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "large.csv")
	if err := os.WriteFile(path, rowstest.Text(row), 0o600); err != nil {
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
