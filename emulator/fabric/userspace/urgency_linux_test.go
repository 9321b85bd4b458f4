package userspace

import (
	"runtime"
	"slices"
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
