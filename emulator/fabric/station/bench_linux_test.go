package station

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
)

// BenchmarkSettle settles and tunes network namespaces that are all there at the same time: µs of CPU time for each of
// the last ones, which is to be no more where there are many.
func BenchmarkSettle(b *testing.B) {
	testenv.Privileged(b)
	const last = 50
	s := fabric.Station{Sysctls: map[string]string{"net/ipv4/tcp_slow_start_after_idle": "0", "net/core/somaxconn": "77"}}
	for _, count := range []int{100, 1000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			var took time.Duration
			for b.Loop() {
				var held []*os.File
				err := proc.OnSpareThread(func() error {
					for i := range count {
						if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
							return err
						}
						space, err := os.Open("/proc/thread-self/ns/net")
						if err != nil {
							return err
						}
						held = append(held, space)
						began := threadTime()
						if err := Settle(false); err != nil {
							return err
						}
						if err := Tune(s); err != nil {
							return err
						}
						if i >= count-last {
							took += threadTime() - began
						}
					}
					return nil
				})
				for _, space := range held {
					space.Close()
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(took.Seconds()*1e6/float64(b.N)/last, "µs/namespace")
		})
	}
}

// threadTime is the CPU time of the calling thread.
func threadTime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano())
}
