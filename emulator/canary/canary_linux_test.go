package canary

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/health"
	"testbed/emulator/internal/kerneltime"
	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
)

// The arguments by which the test binary becomes the fabric's process, and one that has a canary.
const (
	hidden = "fabric-process"
	keeper = "canary-keeper"
)

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 4 && os.Args[0] == userspace.ProcessName && os.Args[1] == hidden:
		os.Exit(userspace.Main(os.Args[2:]))
	case len(os.Args) == 4 && os.Args[1] == keeper:
		_, err := Start(context.Background(), carrier(os.Args[3], os.Args[2]), os.Args[2])
		fmt.Println(err)
		select {}
	}
	os.Exit(m.Run())
}

func carrier(dir, name string) fabric.Fabric {
	self, _ := os.Executable()
	return userspace.New(dir, name, program.At(self), hidden)
}

// canaryTries is how often is measured what the host may disturb.
const canaryTries = 5

// started measures with a canary on the userspace fabric, which leaves nothing; engine is the fabric's process.
func started(t *testing.T, name string, measure func(c *Canary, engine int) error) {
	t.Helper()
	testenv.Privileged(t)
	testenv.Repeat(t, canaryTries, func() error {
		c, err := Start(t.Context(), carrier(t.TempDir(), name), name)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if _, err := c.Stop(context.Background()); err != nil {
				t.Error(err)
			}
			gone(t, name)
		}()
		engine, err := userspace.Processes(name)
		if err != nil || len(engine) != 1 {
			t.Fatalf("%v, %v", engine, err)
		}
		return measure(c, engine[0])
	})
}

// gone waits until nothing carries a canary's packets.
func gone(t *testing.T, name string) {
	t.Helper()
	var left []int
	if !testenv.Holds(func() bool { left, _ = userspace.Processes(name); return len(left) == 0 }) {
		t.Errorf("left: %v", left)
	}
}

// usage is the processor time of all threads of a process so far, of which the kernel knows each nanosecond.
func usage(t *testing.T, pid int) (total time.Duration) {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		t.Fatal(threads, err)
	}
	for _, thread := range threads {
		text, _ := os.ReadFile(thread)
		var ns int64
		_, _ = fmt.Sscan(string(text), &ns)
		total += time.Duration(ns)
	}
	return total
}

func TestRoundTrips(t *testing.T) {
	const name, spent = "tb-canary~trips", 2 * time.Second
	started(t, name, func(c *Canary, engine int) error {
		theirs, ours := usage(t, engine), usage(t, os.Getpid())
		time.Sleep(spent)
		theirs, ours = usage(t, engine)-theirs, usage(t, os.Getpid())-ours
		r, err := c.Stop(t.Context())
		t.Logf("the engine worked for %v of %v, this process for %v", theirs, spent, ours)
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.Stop(t.Context())
		if err != nil || again.Probes != r.Probes {
			t.Errorf("stopped again: %d probes, %v", again.Probes, err)
		}
		if r.Lost > 0 || r.Probes < 30 || r.Late.Quantile(0.5) > 500*time.Microsecond {
			return fmt.Errorf("%d probes, %d lost, late by %v, %v, %v", r.Probes, r.Lost, r.Late.Quantile(0.5),
				r.Late.Quantile(0.99), r.Late.Longest)
		}
		return nil
	})
}

// TestAStopIsSeen: the engine is stopped for 0.3 s.
func TestAStopIsSeen(t *testing.T) {
	const name, stop = "tb-canary~stop", 300 * time.Millisecond
	started(t, name, func(c *Canary, engine int) error {
		time.Sleep(200 * time.Millisecond)
		first, err := c.Report(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		from := kerneltime.Now(unix.CLOCK_MONOTONIC)
		_ = unix.Kill(engine, unix.SIGSTOP)
		time.Sleep(stop)
		during, err := c.Report(t.Context(), first.Next)
		_ = unix.Kill(engine, unix.SIGCONT)
		to := kerneltime.Now(unix.CLOCK_MONOTONIC)
		known := health.Overlap(during.Spells, from, to)
		time.Sleep(200 * time.Millisecond)
		r, stopped := c.Stop(t.Context())
		if err := errors.Join(err, stopped); err != nil {
			t.Fatal(err)
		}
		seen := health.Overlap(c.account.report(to, first.Next).Spells, from, to)
		if took := time.Duration(to - from); r.Lost > 0 || min(known, seen, r.Late.Longest) < stop-seldom-2*Way ||
			r.Late.Longest > took+100*time.Millisecond {
			return fmt.Errorf("stopped for %v; %d probes, %d lost, late by %v at most; %v in spells, %v of it while it went on",
				took, r.Probes, r.Lost, r.Late.Longest, seen, known)
		}
		return nil
	})
}

// TestNothingOutlivesTheProcess that has a canary, however it ends.
func TestNothingOutlivesTheProcess(t *testing.T) {
	testenv.Privileged(t)
	const name = "tb-canary~killed"
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for range 2 { // the second finds what is left of the first
		cmd := exec.Command(self, keeper, name, dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said, _ := bufio.NewReader(out).ReadString('\n')
		if running, _ := userspace.Processes(name); said != "<nil>\n" || len(running) != 1 {
			t.Errorf("said %q, runs as %v", said, running)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		gone(t, name)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.sock")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestAFabricThatFailsLeavesNothing and says why.
func TestAFabricThatFailsLeavesNothing(t *testing.T) {
	testenv.Privileged(t)
	const name = "tb-canary~failed"
	if _, err := Start(t.Context(), userspace.New(t.TempDir(), name, program.At("/nowhere"), hidden), name); err == nil ||
		!strings.Contains(err.Error(), "the canary's network: ") {
		t.Error(err)
	}
	gone(t, name)
}
