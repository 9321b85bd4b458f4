package userspace

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A thread has real-time priority but where it would take the processor for itself, and gets it back; a host that
// allows none is asked once.
func TestUrgency(t *testing.T) {
	var asked []bool
	allowed := true
	set := func(on bool) bool { asked = append(asked, on); return allowed || !on }
	const window = int64(urgencyWindow)
	u := urgent(0, set)
	now, busy := int64(0), int64(0)
	run := func(windows int, share float64) {
		for range windows * 10 {
			now += window / 10
			busy += int64(share * float64(window/10))
			u.adapt(now, busy)
		}
	}
	run(20, 0.38)
	if !u.on || len(asked) != 2 {
		t.Errorf("busy for 38 %% of the time: %v", asked)
	}
	run(20, 1)
	if u.on || !slices.Equal(asked, []bool{false, true, false}) {
		t.Errorf("busy all the time: %v", asked)
	}
	run(20, 0.3)
	if u.on {
		t.Errorf("busy for 30 %% of the time: %v", asked)
	}
	run(2, 0.1)
	if !u.on || len(asked) != 4 {
		t.Errorf("idle again: %v", asked)
	}
	asked, allowed = nil, false
	u = urgent(now, set)
	run(20, 1)
	run(20, 0)
	if u.on || len(asked) != 2 {
		t.Errorf("on a host that allows none: %v", asked)
	}
}

// What the kernel says of a thread is what it was given; what it falls back to is an ordinary thread of the highest
// priority.
func TestUrgencyIsInForce(t *testing.T) {
	if !shared() {
		t.Skip("this host has one processor, where nothing has real-time priority")
	}
	runtime.LockOSThread() // and the thread ends with the test
	if err := realtime(0, unix.SCHED_FIFO, engineRank); err != nil {
		t.Skipf("this host gives nobody a real-time priority: %v", err)
	}
	var got unix.SchedAttr
	attribute := func() unix.SchedAttr {
		a, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return *a
	}
	if got = attribute(); got.Policy != unix.SCHED_FIFO || got.Priority != engineRank {
		t.Errorf("%+v", got)
	}
	u := urgent(0, setUrgent)
	if got = attribute(); got.Policy != unix.SCHED_FIFO || !u.on {
		t.Errorf("%+v", got)
	}
	u.adapt(int64(time.Second), int64(time.Second))
	if got = attribute(); got.Policy != unix.SCHED_NORMAL || got.Nice != -20 {
		t.Errorf("a thread that is always busy: %+v", got)
	}
}

// TestThreadsTakeTurns: of the process's threads none keeps another one of its rank from a processor for long. It runs
// in a process of its own, which has the priority to its end.
func TestThreadsTakeTurns(t *testing.T) {
	if os.Getenv("TB_TURNS") == "" {
		c := exec.Command("/proc/self/exe", "-test.run", "^TestThreadsTakeTurns$", "-test.v")
		c.Env = append(os.Environ(), "TB_TURNS=1")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if strings.Contains(string(out), "--- SKIP") {
			t.Skip("this host gives nobody a real-time priority, or has one processor")
		}
		return
	}
	if !shared() || realtime(0, unix.SCHED_RR, otherRank) != nil {
		t.Skip()
	}
	firstOfAll()
	started, end := make(chan bool), make(chan bool)
	defer close(end)
	for range 8 { // more threads than there were, which inherit it
		go func() {
			runtime.LockOSThread()
			started <- true
			<-end
		}()
		<-started
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil || len(threads) < 8 {
		t.Fatal(threads, err)
	}
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread.Name())
		if a, err := unix.SchedGetAttr(id, 0); err == nil && (a.Policy != unix.SCHED_RR || a.Priority != otherRank) {
			t.Errorf("thread %d: %+v", id, a)
		}
	}
}
