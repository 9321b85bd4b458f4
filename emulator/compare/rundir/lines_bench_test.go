package rundir

import (
	"os"
	"path/filepath"
	"testing"

	"testbed/emulator/compare"
	"testbed/emulator/record"
)

// BenchmarkLines reads the samples of 100,000 chains with five steps each.
func BenchmarkLines(b *testing.B) {
	path := filepath.Join(planted(b, 50_000, 0.1), record.SamplesFile)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		file, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		chains := 0
		_, err = newReader(func(*compare.Chain) error { chains++; return nil }).read(file)
		if err := file.Close(); err != nil {
			b.Fatal(err)
		}
		if err != nil || chains != 100_000 {
			b.Fatalf("%d chains: %v", chains, err)
		}
	}
}
