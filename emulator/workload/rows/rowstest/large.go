// Package rowstest holds readers of traces to what a trace of a million rows may take.
package rowstest

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"testbed/emulator/workload"
)

// Rows is the size of a large trace.
const Rows = 1_000_000

// Text is as many rows as Rows, each of which a function writes.
func Text(row func(out *bytes.Buffer, i int)) []byte {
	var text bytes.Buffer
	for i := range Rows {
		row(&text, i)
	}
	return text.Bytes()
}

// Measure reads a trace and makes all of its jobs, one after the other; it is how many there are, how long that took
// and how large the heap was at most, in MB, what is garbage counted.
func Measure(t testing.TB, load func() (workload.Trace, error)) (jobs int, took time.Duration, peak float64) {
	t.Helper()
	runtime.GC()
	done, peaks := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse+m.StackInuse)
			select {
			case <-done:
				peaks <- most
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	begin := time.Now()
	trace, err := load()
	if err == nil {
		opts := workload.DefaultOptions()
		opts.Stateless = workload.KeepStateless
		for range trace.Each(opts) {
			jobs++
		}
	}
	took = time.Since(begin)
	close(done)
	peak = float64(<-peaks) / 1e6
	if err != nil {
		t.Fatal(err)
	}
	return jobs, took, peak
}

// mostMB is how large the heap may be for a trace of a million rows.
const mostMB = 100

// Bounded fails where the heap of a trace of a million rows is larger than it may be, at the best of several tries, for
// when garbage is collected hangs on what else uses the machine; or where it has another number of jobs. How long it
// takes, 1 to 2 s, is for the benchmark to say.
func Bounded(t *testing.T, want int, load func() (workload.Trace, error)) {
	t.Helper()
	const tries = 3
	for try := 1; ; try++ {
		jobs, took, peak := Measure(t, load)
		t.Logf("%d jobs in %v, heap of %.0f MB at most", jobs, took, peak)
		switch {
		case jobs != want:
			t.Fatalf("%d jobs, not %d", jobs, want)
		case peak <= mostMB:
			return
		case try == tries:
			t.Fatalf("it took %.0f MB, at most %d", peak, mostMB)
		}
	}
}

// Bench reports what a trace of a million rows takes.
func Bench(b *testing.B, load func() (workload.Trace, error)) {
	peak := 0.0
	for b.Loop() {
		_, _, most := Measure(b, load)
		peak = max(peak, most)
	}
	b.ReportMetric(peak, "MB-peak")
}
