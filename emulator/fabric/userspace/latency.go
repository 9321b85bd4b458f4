package userspace

// stackLatency is what a packet spends, in ns, in the kernel on its way to the fabric and from it, and in
// the fabric itself, beside the wake-up of the fabric's thread. Found with echoes over 1 to 120 ms.
const stackLatency = 25_000

// Bounds of the calibration, in ns: the most that is taken off, the most that one observation counts,
// below what the thread did not sleep, and the lengths from which on sleeps belong to the second and the third class.
const (
	maxWake   = 90_000
	maxStep   = 4_000
	minSleep  = 3_000
	longSleep = 1_000_000
	deepSleep = 10_000_000
)

// latency is the host's own: how late, in ns, a sleeping thread wakes, by the class of its sleep, since processors
// sleep the deeper the longer they do. It learns from sleeps that were to end at a certain time. What it
// has learnt is taken off the times of packets, so that emulated delays include the host's.
type latency struct{ wake [3]int64 }

// newLatency begins with a wake-up measured after short sleeps.
func newLatency(wake int64) (l latency) {
	for i := range l.wake {
		l.wake[i] = min(max(wake, 0), maxWake)
	}
	return l
}

// sleepClass is the index in latency.wake for a sleep of that length (ns).
func sleepClass(sleep int64) int {
	switch {
	case sleep < longSleep:
		return 0
	case sleep < deepSleep:
		return 1
	}
	return 2
}

// observeSleep learns from a sleep of at most timeout (0: none was wanted; less: no limit) that took took and
// perhaps ended for lack of events, and returns by how much packets that ended it are late.
func (l *latency) observeSleep(timeout, took int64, idle bool) int64 {
	if timeout == 0 || took < minSleep {
		return stackLatency
	}
	w := &l.wake[sleepClass(took)]
	if idle {
		if timeout > 0 && took >= timeout {
			*w = min(max(*w+min(max((took-timeout-*w)/8, -maxStep), maxStep), 0), maxWake)
		}
		return stackLatency
	}
	return min(*w, took) + stackLatency
}
