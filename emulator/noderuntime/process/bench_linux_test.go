package process

import (
	"context"
	"flag"
	"fmt"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime/runtimetest"
)

var benchNodes = flag.Int("nodes", 81, "nodes of BenchmarkStart")

// BenchmarkStart starts and removes a testbed: ms of either.
func BenchmarkStart(b *testing.B) {
	testenv.Privileged(b)
	testbed, r := bed("bench"), testRuntime(b)
	clean(b, r, testbed)
	specs := nodeSpecs(testbed, b.TempDir(), *benchNodes, runtimetest.Agent)
	var up, down time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := r.Start(context.Background(), specs, nil); err != nil {
			b.Fatal(err)
		}
		up += time.Since(began)
		began = time.Now()
		if err := r.Remove(context.Background(), testbed, nil); err != nil {
			b.Fatal(err)
		}
		down += time.Since(began)
	}
	b.ReportMetric(up.Seconds()*1000/float64(b.N), "start-ms")
	b.ReportMetric(down.Seconds()*1000/float64(b.N), "remove-ms")
}

// BenchmarkSpawn tells what a process costs by itself, and what each namespace adds: until exec, and until
// the process, which does nothing, is gone.
func BenchmarkSpawn(b *testing.B) {
	testenv.Privileged(b)
	for _, c := range []struct {
		name  string
		flags uintptr
	}{
		{"none", 0},
		{"uts", unix.CLONE_NEWUTS},
		{"pid", unix.CLONE_NEWPID},
		{"mnt", unix.CLONE_NEWNS},
		{"net", unix.CLONE_NEWNET},
		{"all", unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS},
	} {
		for _, binary := range []string{"/bin/true", "/proc/self/exe"} {
			b.Run(fmt.Sprintf("%s/%s", c.name, binary[len(binary)-3:]), func(b *testing.B) {
				var spawned time.Duration
				for b.Loop() {
					began := time.Now()
					pid, err := syscall.ForkExec(binary, []string{ArgvZero, runtimetest.Probe, "exit", "0"},
						&syscall.ProcAttr{Sys: &syscall.SysProcAttr{Cloneflags: c.flags}})
					if err != nil {
						b.Fatal(err)
					}
					spawned += time.Since(began)
					waitFor(pid, 0)
				}
				b.ReportMetric(spawned.Seconds()*1e6/float64(b.N), "exec-µs")
			})
		}
	}
}
