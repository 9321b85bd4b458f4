package canary

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric/netem"
	"testbed/emulator/health"
	"testbed/emulator/internal/kerneltime"
	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
)

// onNetem is a canary on netem, which leaves nothing. In the lab the kernel must have it.
func onNetem(t *testing.T) *Canary {
	t.Helper()
	testenv.Privileged(t)
	if err := netem.Supported(t.Context()); err != nil {
		if os.Getenv("TB_LAB") == "1" {
			t.Fatal(err)
		}
		t.Skip(err, "; `scripts/test-netem canary` runs this in a lab")
	}
	const name = "tb-canary~netem"
	dir := t.TempDir()
	c, err := Start(t.Context(), netem.New(dir, name), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		left, _ := filepath.Glob(filepath.Join(netns.Names, "tb-*"))
		files, _ := os.ReadDir(dir)
		if len(left)+len(files) > 0 {
			t.Errorf("left: %v, %v", left, files)
		}
	})
	if names, _ := filepath.Glob(filepath.Join(netns.Names, "tb-*")); len(names) > 0 {
		t.Errorf("namespaces have names: %v", names)
	}
	return c
}

// probed is what probes come to in a time in which something goes on.
func probed(t *testing.T, spent time.Duration) Result {
	t.Helper()
	var r Result
	testenv.Repeat(t, canaryTries, func() (err error) {
		c := onNetem(t)
		time.Sleep(spent)
		if r, err = c.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d probes, %d lost, late by %v at the median, %v at p99, %v at most", r.Probes, r.Lost, r.Late.Quantile(0.5),
			r.Late.Quantile(0.99), r.Late.Longest)
		if r.Lost > 0 || r.Probes < uint64(spent/often/2) {
			return fmt.Errorf("%d probes, %d lost", r.Probes, r.Lost)
		}
		return nil
	})
	return r
}

// TestNetemAndHogs: endless loops of ordinary threads, many for each processor, are seen. What else runs beside the
// lab may hide them: it is tried several times.
func TestNetemAndHogs(t *testing.T) {
	const spent, tries = 3 * time.Second, 4
	for try := range tries {
		quiet := probed(t, spent)
		if late := quiet.Late.Quantile(0.5); late > 2*time.Millisecond && try == tries-1 {
			t.Errorf("nothing else runs, and half of the probes are late by %v", late)
		}
		end := hogs(t)
		busy := probed(t, spent)
		end()
		if busy.Late.Quantile(0.99) > 2*quiet.Late.Quantile(0.99) || busy.Late.Mean() > 2*quiet.Late.Mean() {
			return
		}
	}
	t.Error("the hogs cannot be told from none")
}

// hogs starts endless loops, and returns what ends them.
func hogs(t *testing.T) (end func()) {
	t.Helper()
	var all []*exec.Cmd
	for range 16 * runtime.NumCPU() {
		hog := exec.Command("sh", "-c", "while :; do :; done")
		if err := hog.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, hog)
	}
	return func() {
		for _, hog := range all {
			_ = hog.Process.Kill()
			_ = hog.Wait()
		}
	}
}

// TestNetemAndARealtimeThread: one that takes all processors for 0.3 s is seen, and when.
func TestNetemAndARealtimeThread(t *testing.T) {
	c := onNetem(t)
	time.Sleep(300 * time.Millisecond)
	const stop = 300 * time.Millisecond
	from := kerneltime.Now(unix.CLOCK_MONOTONIC)
	done := make(chan error)
	for range runtime.NumCPU() {
		go func() {
			done <- proc.OnSpareThread(func() error {
				attr := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 50}
				if err := unix.SchedSetAttr(0, attr, 0); err != nil {
					return err
				}
				for kerneltime.Now(unix.CLOCK_MONOTONIC) < from+int64(stop) {
				}
				return nil
			})
		}()
	}
	for range runtime.NumCPU() {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	report, err := c.Report(t.Context(), 0)
	seen := health.Overlap(report.Spells, from, from+int64(stop))
	r, _ := c.Stop(t.Context())
	t.Logf("of %v, %v in spells; late by %v at most", stop, seen, r.Late.Longest)
	if err != nil || seen < stop*8/10 || r.Late.Longest < stop*8/10 {
		t.Error(err)
	}
}

// TestNetemAndAStopOfTheGuest: `scripts/test-netem canary` stops the guest's kernel for 0.3 s from outside, once this
// test asks for it. The guest's clock goes on meanwhile, for it is the host's. Shorter spells are of the host's work.
func TestNetemAndAStopOfTheGuest(t *testing.T) {
	if os.Getenv("CANARY_STOPS") == "" {
		t.Skip("nobody stops the machine: `scripts/test-netem canary` does")
	}
	c := onNetem(t)
	time.Sleep(500 * time.Millisecond)
	fmt.Println("canary: stop me")
	const least = 280 * time.Millisecond
	var longest time.Duration
	testenv.Holds(func() bool {
		report, err := c.Report(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range report.Spells {
			longest = max(longest, time.Duration(s.To-s.From))
		}
		return longest >= least
	})
	r, err := c.Stop(t.Context())
	t.Logf("the longest spell is %v; late by %v at most, %d of %d lost", longest, r.Late.Longest, r.Lost, r.Probes)
	if err != nil || longest < least || longest > time.Second || r.Late.Longest < least {
		t.Error(err)
	}
}
