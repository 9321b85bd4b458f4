package doctor

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"testbed/emulator/internal/procstat"

	"golang.org/x/sys/unix"
)

func cgroups(_ context.Context, c Capability) Capability {
	const (
		follows = "resources: emulate cannot limit CPU and memory of nodes"
		remedy  = "mount -t cgroup2 cgroup2 /sys/fs/cgroup, or boot with cgroup_enable=memory"
	)
	version, have := controllers("/sys/fs/cgroup")
	c.Found = version + ": " + strings.Join(have, ", ")
	for _, name := range []string{"cpu", "memory"} {
		if !slices.Contains(have, name) {
			return c.lacking(c.Found+"; no "+name+" controller", follows, remedy)
		}
	}
	c.Follows = "CPU and memory of nodes can be limited (resources: emulate)"
	return c
}

// controllers lists the controllers of the cgroup hierarchy mounted at root, or below it for version 1.
func controllers(root string) (version string, have []string) {
	if data, err := os.ReadFile(filepath.Join(root, "cgroup.controllers")); err == nil {
		return "version 2", strings.Fields(string(data))
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return "none", nil
	}
	for _, e := range entries {
		// Version 1 mounts controllers together under a name such as cpu,cpuacct.
		if _, err := os.Stat(filepath.Join(root, e.Name(), "cgroup.procs")); err == nil {
			have = append(have, strings.Split(e.Name(), ",")...)
		}
	}
	if len(have) == 0 {
		return "none", nil
	}
	slices.Sort(have)
	return "version 1", slices.Compact(have)
}

// enoughDisk is what the results of a long run take, with room to spare, in bytes.
const enoughDisk = 500 << 20

// disk looks where `testbed run` puts its results by default.
func disk(_ context.Context, c Capability) Capability {
	const follows = "a run's results may not fit"
	dir := "results"
	if _, err := os.Stat(dir); err != nil {
		dir = "."
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return c.lacking(err.Error(), follows, "cd to a directory that exists")
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return c.lacking(dir+": "+err.Error(), follows, "give another directory with --output")
	}
	free := s.Bavail * uint64(s.Bsize)
	c.Found = fmt.Sprintf("%.1f GB free at %s", float64(free)/1e9, dir)
	c.Follows = "room for results; a run takes some megabytes"
	if free < enoughDisk {
		return c.lacking(c.Found, follows, "free some space, or give another directory with --output")
	}
	return c
}

const clockNaps = 25

// clock measures by how much a thread that sleeps 1 ms with the finest timer slack oversleeps.
func clock(ctx context.Context, c Capability) Capability {
	var resolution unix.Timespec
	if err := unix.ClockGetres(unix.CLOCK_MONOTONIC, &resolution); err != nil {
		return c.lacking("CLOCK_MONOTONIC: "+err.Error(), "nothing can be measured", "update the kernel")
	}
	late, err := oversleep(ctx)
	if err != nil {
		return c.lacking("timer slack: "+err.Error(), "delays are off by the default slack, 50 µs",
			"run testbed outside of a container that forbids prctl")
	}
	source, err := os.ReadFile("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	if err != nil {
		source = []byte("unknown")
	}
	c.Found = fmt.Sprintf("CLOCK_MONOTONIC to %v, source %s; a sleep of 1 ms ends %v late (median of %d)",
		time.Duration(resolution.Nano()), strings.TrimSpace(string(source)), late.Round(time.Microsecond), clockNaps)
	c.Follows = "delays are kept to a tenth of a millisecond"
	if resolution.Nano() > int64(time.Microsecond) || late > time.Millisecond {
		return c.lacking(c.Found, "delays will be off by milliseconds",
			"a kernel with CONFIG_HIGH_RES_TIMERS; a machine with less else to do")
	}
	return c
}

// oversleep is the median lateness of a few naps.
func oversleep(ctx context.Context) (time.Duration, error) {
	type outcome struct {
		late time.Duration
		err  error
	}
	result := make(chan outcome, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the slack is the thread's
		if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
			result <- outcome{err: err}
			return
		}
		var late []time.Duration
		for range clockNaps {
			nap, start := unix.NsecToTimespec(int64(time.Millisecond)), time.Now()
			_ = unix.Nanosleep(&nap, nil) // an interrupted nap is short, and the median does not mind
			late = append(late, time.Since(start)-time.Millisecond)
		}
		slices.Sort(late)
		result <- outcome{late: late[len(late)/2]}
	}()
	select {
	case o := <-result:
		return o.late, o.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Steal above this share, while it was looked for, shows in the tail of every measurement.
const (
	stealWindow = 200 * time.Millisecond
	muchSteal   = 0.05
)

func cores(ctx context.Context, c Capability) Capability {
	n := runtime.NumCPU()
	c.Found = strconv.Itoa(n)
	before, err := os.ReadFile("/proc/stat")
	select {
	case <-time.After(stealWindow):
	case <-ctx.Done():
	}
	after, err2 := os.ReadFile("/proc/stat")
	steal := 0.0
	if err == nil && err2 == nil {
		steal = stealShare(string(before), string(after))
		c.Found += fmt.Sprintf(", %.1f %% of their time taken by other virtual machines", 100*steal)
	}
	c.Follows = "the fabric has a core beside the nodes"
	switch {
	case n < 2:
		return c.lacking(c.Found, "the fabric shares its core with the nodes: delays will be off by milliseconds",
			"give the machine a second core")
	case steal > muchSteal:
		return c.lacking(c.Found, "delays will be off whenever the machine stands still", "a machine with CPUs of its own")
	}
	return c
}

// stealShare is the share of CPU time that the hypervisor took between two readings of /proc/stat.
func stealShare(before, after string) float64 {
	a, known := procstat.Parse(before)
	b, still := procstat.Parse(after)
	if !known || !still || !a.Whole || !b.Whole || b.Total <= a.Total {
		return 0
	}
	return float64(b.Steal-min(a.Steal, b.Steal)) / float64(b.Total-a.Total)
}

func ping(_ context.Context, c Capability) Capability {
	path, err := exec.LookPath("ping")
	if err != nil {
		return c.lacking("not installed", "only `testbed exec NODE -- ping` misses it; verify does not need it",
			"apt-get install iputils-ping")
	}
	c.Found = path
	return c
}
