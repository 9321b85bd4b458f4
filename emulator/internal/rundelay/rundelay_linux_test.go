package rundelay

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{
		"123 456 7\n": 456, "0 998042 1": 998042, "": 0, "1": 0, "1 x 2": 0, "1 -5 2": 0, "1 99999999999999999999 2": 0,
	} {
		if got := parse([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// TestThreadsThatShareAProcessorWaitForIt.
func TestThreadsThatShareAProcessorWaitForIt(t *testing.T) {
	if _, ok := OfCaller().Read(); !ok {
		t.Skip("this kernel does not tell of run delays (CONFIG_SCHED_INFO)")
	}
	waits := make(chan int64)
	spin := func() {
		runtime.LockOSThread() // without unlocking: the thread ends with the goroutine
		var one unix.CPUSet
		one.Set(0)
		if err := unix.SchedSetaffinity(0, &one); err != nil {
			t.Log(err)
		}
		self := OfCaller()
		defer self.close()
		from, _ := self.Read()
		for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		}
		to, _ := self.Read()
		waits <- to - from
	}
	go spin()
	go spin()
	sum := <-waits + <-waits
	if sum < int64(100*time.Millisecond) {
		t.Errorf("two threads on one processor have waited for %v in 300 ms", time.Duration(sum))
	}
}
