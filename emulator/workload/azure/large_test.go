package azure

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/workload"
	"testbed/emulator/workload/rows/rowstest"
)

// row writes a row of a trace like the published one: 424 functions of 119 applications, by hashes of 64 digits.
func row(out *bytes.Buffer, i int) {
	f := i * 7919 % 424
	_, _ = fmt.Fprintf(out, "%08x%056x,%08x%056x,%.6f,%.6f\n", 2654435761*uint32(f%119), f%119, 2654435761*uint32(f), f,
		float64(i)*1.2096+0.3, float64(i*31%9000)/1000)
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
	rowstest.Bounded(t, rowstest.Rows, func() (workload.Trace, error) { return load(path, nil) })
}

func BenchmarkAMillionRows(b *testing.B) {
	path := large(b)
	rowstest.Bench(b, func() (workload.Trace, error) { return load(path, nil) })
}
