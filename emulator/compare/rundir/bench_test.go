package rundir

import (
	"runtime"
	"testing"

	"testbed/emulator/compare"
	"testbed/emulator/internal/builtin"
)

// BenchmarkOpen reads and compares runs of 1000 to 100,000 chains with five steps each and two engines'
// predictions. MB is the heap at the end, what was not collected yet included; the files are 270 MB at 100,000 chains.
func BenchmarkOpen(b *testing.B) {
	for _, size := range []struct {
		name   string
		chains int
	}{{"chains=1000", 1000}, {"chains=10000", 10_000}, {"chains=100000", 100_000}} {
		b.Run(size.name, func(b *testing.B) {
			dir := planted(b, size.chains/2, 0.1)
			b.ResetTimer()
			for b.Loop() {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				run, err := Open(dir, compare.Options{Catalogue: builtin.Catalogue()})
				if err != nil {
					b.Fatal(err)
				}
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
				runtime.KeepAlive(run)
			}
		})
	}
}
