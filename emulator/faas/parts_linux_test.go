package faas

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// timerClock is a clock under testing/synctest.
type timerClock struct{ base time.Time }

func (c timerClock) now() int64 { return int64(time.Since(c.base)) }
func (c timerClock) wait(until int64, wake <-chan struct{}) bool {
	timer := time.NewTimer(time.Duration(until - c.now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-wake:
		return false
	}
}

func TestProcessorSharing(t *testing.T) {
	type task struct{ arrival, ops, finish float64 } // s, operations, s
	cases := map[string][]task{
		"alone":           {{0, 100, 1}},
		"two equal":       {{0, 100, 2}, {0, 100, 2}},
		"short and long":  {{0, 100, 1.5}, {0, 50, 1}},
		"late arrival":    {{0, 100, 1.5}, {0.5, 50, 1.5}},
		"idle in between": {{0, 50, 0.5}, {2, 100, 3}},
		"three":           {{0, 30, 0.9}, {0, 60, 1.5}, {0, 90, 1.8}},
		"nothing to do":   {{0, 0, 0}, {0, 100, 1}},
	}
	for name, tasks := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := timerClock{time.Now()}
				s := newSharing(clock, 100)
				var wait sync.WaitGroup
				for _, task := range tasks {
					wait.Go(func() {
						time.Sleep(time.Duration(task.arrival * 1e9))
						if !s.run(task.ops, nil) {
							t.Error("interrupted")
						}
						if got := float64(clock.now()) / 1e9; math.Abs(got-task.finish) > 1e-6 {
							t.Errorf("%v: finished at %v", task, got)
						}
					})
				}
				wait.Wait()
			})
		})
	}
}

func TestProcessorSharingWithDepartures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := timerClock{time.Now()}
		s := newSharing(clock, 100)
		stop := make(chan struct{})
		var wait sync.WaitGroup
		wait.Go(func() {
			if s.run(1000, stop) {
				t.Error("the interrupted task came to its end")
			}
		})
		wait.Go(func() {
			s.run(100, nil) // one second at half the speed, half a second alone
			if got := clock.now(); got < 1499e6 || got > 1501e6 {
				t.Errorf("finished at %v", time.Duration(got))
			}
		})
		time.Sleep(time.Second)
		close(stop)
		wait.Wait()
	})
}

// Whatever arrives, a busy processor serves at its full speed.
func TestProcessorSharingConservesWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		clock := timerClock{time.Now()}
		s := newSharing(clock, 1000)
		var wait sync.WaitGroup
		total := 0.0
		for range 200 {
			ops := random.ExpFloat64() * 100
			total += ops
			begin := time.Duration(random.Float64() * 1e9) // long before the first second's work is done
			wait.Go(func() {
				time.Sleep(begin)
				s.run(ops, nil)
			})
		}
		start := time.Now()
		wait.Wait()
		idle := time.Since(start).Seconds() - total/1000
		if idle < -1e-6 || idle > 0.1 {
			t.Errorf("%v s of work took %v", total/1000, time.Since(start))
		}
	})
}

// A wait never ends early, and not late but for what else the machine does, which not every wait meets.
func TestWaitIsPrecise(t *testing.T) {
	const limit = int64(2 * time.Millisecond)
	c := newClock()
	least := int64(math.MaxInt64)
	for i := 0; i < 41 || i < 1000 && least > limit; i++ {
		until := c.now() + int64(5*time.Millisecond)
		if !c.wait(until, nil) {
			t.Fatal("interrupted")
		}
		late := c.now() - until
		if late < 0 {
			t.Fatal("too early")
		}
		least = min(least, late)
	}
	if least > limit {
		t.Errorf("late by %v at best", time.Duration(least))
	}
}

func TestClockAgreesWithTheSystem(t *testing.T) {
	const resolution = int64(time.Millisecond)
	a, b := newClock(), newClock()
	for name, other := range map[string]func() int64{"another clock": b.now, "the system's": monotonic} {
		begin := a.now()
		at := other()
		end := a.now()
		if at < begin-10*resolution || at > end+10*resolution {
			t.Errorf("%s: %d, and the clock said %d before and %d afterwards", name, at, begin, end)
		}
	}
}

func TestBurn(t *testing.T) {
	if !canBurn {
		t.Skip("burning CPU time needs Linux")
	}
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	c := newClock()
	if !c.burn(50*time.Millisecond, nil) {
		t.Fatal("interrupted")
	}
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	used := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	if used < 45*time.Millisecond {
		t.Errorf("only %v of CPU time were used", used)
	}
	stop := make(chan struct{})
	close(stop)
	if c.burn(time.Hour, stop) {
		t.Error("it does not stop")
	}
}

func TestContent(t *testing.T) {
	for _, size := range []int{0, 1, 7, 8, 9, 4095, 4096, 4097, 100_000} {
		data, buffer := make([]byte, size), make([]byte, size)
		fill(data, seedOf("k"))
		sum := checksum(data)
		for v := int64(1); v < 5; v++ {
			_, next, err := nextVersion("k", data, v-1, sum)
			if err != nil {
				t.Fatal(err)
			}
			if size > 0 && next == sum {
				t.Errorf("%d bytes: version %d looks like the one before", size, v)
			}
			sum = next
			if !intact(data, buffer, "k", v) {
				t.Errorf("%d bytes: version %d is not recognised", size, v)
			}
			if size > 0 && (intact(data, buffer, "k", v-1) || intact(data, buffer, "l", v)) {
				t.Errorf("%d bytes: version %d passes for another, or for another state", size, v)
			}
		}
		if _, _, err := nextVersion("k", data, 4, sum+1); err == nil {
			t.Error("a wrong checksum passes")
		}
	}
}

func TestSizeClass(t *testing.T) {
	last := -1
	var lastSize int64
	for n := int64(0); n < 1<<16; n++ {
		size, class := sizeClass(n)
		if size < n || n > 256 && float64(size) > 1.26*float64(n) {
			t.Fatalf("%d bytes: buffer of %d", n, size)
		}
		if class != last && class != last+1 || (class == last) != (size == lastSize) {
			t.Fatalf("%d bytes: class %d of size %d after class %d of size %d", n, class, size, last, lastSize)
		}
		last, lastSize = class, size
	}
	if size, class := sizeClass(maxBody * 2); size < maxBody*2 || class > 127 {
		t.Errorf("largest: %d in class %d", size, class)
	}
}

func TestStoreKeepsReadersContent(t *testing.T) {
	s := newStore(&pools{})
	if err := s.begin("k", s.pools.get(1000)); err != nil {
		t.Fatal(err)
	}
	v, _ := s.get("k")
	if err := s.update("k", nextVersion); err != nil {
		t.Fatal(err)
	}
	if checksum(v.content.data) != v.sum {
		t.Error("a reader's content has changed under its hands")
	}
	v.content.release()
	if n := s.drop("k"); n != 1 || s.count() != 0 {
		t.Errorf("%d dropped", n)
	}
	if err := s.put("k", 0, value{content: s.pools.get(5)}); err == nil {
		t.Error("writing revives a state that was dropped")
	}
}

func TestArguments(t *testing.T) {
	want := Config{Node: "n", Listen: "127.0.0.1:0", Control: "/tmp/s", Speed: 5e9, Compute: Shared}
	for _, args := range [][]string{
		want.Args(),
		{"-node", "n", "-listen", "127.0.0.1:0", "-control", "/tmp/s", "-speed", "5e9", "-compute", "shared"},
	} {
		if got, err := parseArgs(args); err != nil || got != want {
			t.Errorf("%v: %+v, %v", args, got, err)
		}
	}
	for _, args := range [][]string{
		{}, {`{"speed":0}`}, {`{"speed":1,"compute":"x"}`}, {`{"sped":1}`}, {"-speed", "1", "more"}, {`{`},
	} {
		if _, err := parseArgs(args); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
	if code := Main([]string{"-speed", "-1"}, nil); code != 2 {
		t.Errorf("exit code %d", code)
	}
}

func TestMainEndsAtSignal(t *testing.T) {
	config := Config{Node: "n", Listen: "127.0.0.1:0", Control: filepath.Join(t.TempDir(), "s"), Speed: 1}
	code := make(chan int, 1)
	ready := make(chan struct{})
	go func() { code <- Main(config.Args(), func() error { close(ready); return nil }) }()
	<-ready
	client := NewClient(config.Control)
	if err := client.Health(t.Context()); err != nil {
		t.Error(err)
	}
	client.Close()
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := <-code; got != 0 {
		t.Errorf("exit code %d", got)
	}
	if _, err := os.Stat(config.Control); err == nil {
		t.Error("the control socket is left behind")
	}
}
