package userspace

import (
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/topology"
)

// Real-time priorities (sched(7)): the engine's thread above the process's others, on which Go's runtime may have it
// wait for a moment, and all of them above every ordinary thread of the host. The others take turns (SCHED_RR): in
// places Go's runtime has a thread ask again and again for what another one is about to do, and without turns that one
// would wait for the same processor for ever.
const (
	engineRank = 2
	otherRank  = 1
)

const (
	// urgencyWindow is over what the engine's share of a processor is taken.
	urgencyWindow = 50 * time.Millisecond
	// Beyond urgencyMost of a processor the engine is scheduled as an ordinary thread, and below urgencyLeast with
	// priority again: whatever stations send, the host's others get their turn; and a kernel stops a real-time thread
	// that leaves less than a twentieth, for 50 ms (sched_rt_runtime_us).
	urgencyMost, urgencyLeast = 0.4, 0.25
)

// firstOfAll puts all threads of the process, and those that they start, before the ordinary ones of the host, as far
// as it allows: a packet is due when it is due, and what the fabric takes of the processors is little and bounded.
func firstOfAll() {
	if !shared() {
		return
	}
	threads, _ := os.ReadDir("/proc/self/task")
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = realtime(id, unix.SCHED_RR, otherRank)
		}
	}
}

// shared says that there are processors for others beside the fabric's. On one alone what goes before the nodes keeps
// them from sending what it waits for.
func shared() bool { return runtime.NumCPU() > 1 }

func realtime(thread int, policy, rank uint32) error {
	return unix.SchedSetAttr(thread, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Priority: rank}, 0)
}

// ordinary schedules a thread as an ordinary one, before others of its kind.
func ordinary(thread int) error {
	// A short slice lets it preempt others when it wakes (Linux 6.12; before, the value is ignored).
	slice := uint64(100 * time.Microsecond)
	return unix.SchedSetAttr(thread, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Nice: -20, Runtime: slice}, 0)
}

// computeTreesAside is computeTrees on an ordinary thread: in a large network it takes a processor for a while, and
// what is due does not wait for it.
func (t *table) computeTreesAside() []*topology.Tree {
	computed := make(chan []*topology.Tree, 1)
	go func() {
		runtime.LockOSThread() // which ends with this
		_ = ordinary(0)
		computed <- t.computeTrees()
	}()
	return <-computed
}

// preciseTimers lets the calling thread wake when it asked to.
func preciseTimers() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) }

// setUrgent gives the calling thread real-time priority, or takes it away, and reports whether the host allows it.
func setUrgent(on bool) bool {
	if on {
		return shared() && realtime(0, unix.SCHED_FIFO, engineRank) == nil
	}
	_ = ordinary(0)
	return true
}

// urgency is whether the engine's thread has real-time priority at the moment. Instants are of the engine's clock, in
// ns.
type urgency struct {
	set   func(on bool) bool
	on    bool
	never bool // the host does not allow it
	since int64
	busy  int64 // at since
}

// urgent gives the calling thread what the host allows.
func urgent(now int64, set func(on bool) bool) urgency {
	u := urgency{set: set, since: now}
	u.set(false) // what it falls back to, also where a real-time priority is not to be had
	u.on = u.set(true)
	u.never = !u.on
	return u
}

// adapt is told by the thread, every now and then, how long it has been busy in all, in ns.
func (u *urgency) adapt(now, busy int64) {
	if now-u.since < int64(urgencyWindow) || u.never {
		return
	}
	share := float64(busy-u.busy) / float64(now-u.since)
	u.since, u.busy = now, busy
	if u.on && share > urgencyMost || !u.on && share < urgencyLeast {
		u.on = !u.on
		u.never = !u.set(u.on)
	}
}
