package rundelay

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/testenv"
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
	var allowed, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if allowed.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	spin := func() {
		runtime.LockOSThread() // without unlocking: the thread ends with the goroutine
		if err := unix.SchedSetaffinity(0, &one); err != nil {
			t.Error(err)
		}
		self := OfCaller()
		defer self.close()
		from, _ := self.Read()
		for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		}
		to, _ := self.Read()
		waits <- to - from
	}
	// A host that stands still, or has one of them begin when the other has ended, spoils it.
	testenv.Repeat(t, 5, func() error {
		go spin()
		go spin()
		if sum := <-waits + <-waits; sum < int64(100*time.Millisecond) {
			return fmt.Errorf("two threads on one processor have waited for %v in 300 ms", time.Duration(sum))
		}
		return nil
	})
}
