package userspace

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/kerneltime"
	"testbed/emulator/internal/rundelay"
)

// Bounds of one turn of the engine.
const (
	readsATurn      = 32                     // frames read from a station before the next one's turn
	eventsATurn     = 256                    // events before the stations are looked at again
	spinWindow      = 100 * time.Microsecond // before an event is due the thread spins rather than sleeps
	coarseWindow    = 500 * time.Microsecond // before an event is due a long sleep, which ends late, is over
	spinFraction    = 2                      // at most one in so many nanoseconds is spent spinning
	maxSpinCredit   = int64(20 * time.Millisecond)
	maxReadFailures = 1000 // failed reads of a device, one after the other, after which it is given up
)

// engine moves frames between the stations' TAP devices: it reads them, lets the core work, and writes what is due.
// One thread of its own runs it.
type engine struct {
	core       *core
	clock      clock
	waiter     *waiter
	control    int // eventfd
	tasks      chan func()
	ports      []*port // by epoll mark
	readBuffer []byte

	bell        bell // rung when a station is lost
	writeErrors uint64
	spinCredit  int64
	creditTime  int64
	spinning    bool
	wakeTimes   chan int64
	latency     latency
	punctuality punctuality
	neighbours  *neighbours // nil: this machine carries all of the network
}

func newEngine(t *table, c clock) (*engine, error) {
	w, err := newWaiter()
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	control, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	e := &engine{clock: c, waiter: w, control: control, tasks: make(chan func(), 16)}
	e.punctuality.begin(e.clock.now())
	e.core = newCore(t, e)
	e.readBuffer = e.core.pool.buffer(largeBuffer)
	return e, w.add(control, markControl)
}

// do runs f on the engine's thread, between two packets, and returns when it has run.
func (e *engine) do(f func()) {
	done := make(chan struct{})
	e.tasks <- func() { f(); close(done) }
	e.wake()
	<-done
}

func (e *engine) wake() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(e.control, one[:])
}

// run never returns. The goroutine keeps its thread.
func (e *engine) run() {
	runtime.LockOSThread()
	preciseTimers()
	urgency := urgent(e.clock.now(), setUrgent)
	e.punctuality.thread = ownThread{rundelay.OfCaller()}
	for {
		e.core.advance(e.clock.now(), eventsATurn)
		if e.neighbours != nil {
			e.neighbours.Flush()
		}
		timeout := e.timeout()
		begin := e.clock.now()
		timeout = e.punctuality.worked(begin, timeout)
		urgency.adapt(begin, e.punctuality.busy)
		ready := e.waiter.wait(timeout)
		woken := e.clock.now()
		e.punctuality.slept(begin, woken, timeout)
		e.core.hostLatency = e.latency.observeSleep(timeout, woken-begin, len(ready) == 0)
		for _, ready := range ready {
			if ready.Fd == markControl {
				e.runTasks()
				continue
			}
			e.receive(e.ports[ready.Fd])
		}
	}
}

// ownThread is the one that made it.
type ownThread struct{ delay rundelay.Thread }

func (t ownThread) starved() int64 {
	ns, _ := t.delay.Read() // 0 where the kernel does not tell
	return ns
}

func (ownThread) ran() int64 { return kerneltime.Now(unix.CLOCK_THREAD_CPUTIME_ID) }

// timeout is how long, in ns, the thread may sleep; -1: until something comes. It sleeps until shortly before the next
// event is due and spins from there on, so that the sleep's own lateness does not count. Spinning is limited to one
// in spinFraction of all time; beyond it the thread sleeps until the event is due, and wakes a little late:
//
//	now ........ long sleep ........ due-coarseWindow .. short sleep .. due-spinWindow .. spin .. due ---> time
func (e *engine) timeout() int64 {
	at, any := e.core.next()
	if !any {
		return -1
	}
	now := e.clock.now()
	remaining := at - now
	if remaining <= 0 {
		return 0
	}
	if e.spinning {
		e.spinCredit -= now - e.creditTime
	} else {
		e.spinCredit = min(maxSpinCredit, e.spinCredit+(now-e.creditTime)/spinFraction)
	}
	e.creditTime, e.spinning = now, false
	switch {
	case remaining > 2*int64(coarseWindow):
		return remaining - int64(coarseWindow)
	case remaining > int64(spinWindow):
		return remaining - int64(spinWindow)
	}
	if e.spinCredit <= 0 {
		return remaining
	}
	e.spinning = true
	return 0
}

// receive reads what a station sends.
func (e *engine) receive(p *port) {
	if p == nil {
		return
	}
	for i := range readsATurn {
		if p.fd < 0 {
			return
		}
		n, errno := read(p.fd, e.readBuffer[:largeBuffer])
		if errno == unix.EAGAIN {
			return
		}
		if errno != 0 || n == 0 {
			e.readFailed(p, errno)
			continue
		}
		p.failures = 0
		now := e.clock.now()
		if i == 0 {
			e.punctuality.found(p, now)
		}
		e.core.advance(now, eventsATurn)
		if e.core.arrive(p, now, e.readBuffer[:n]) {
			e.readBuffer = e.core.pool.buffer(largeBuffer)
		}
	}
}

// readFailed handles a read that failed. Where the device is gone, or nothing but errors comes from it, the
// station is lost; all other errors are about one packet.
func (e *engine) readFailed(p *port, errno unix.Errno) {
	switch errno {
	case unix.EBADFD, unix.EBADF, unix.ENODEV, unix.ENXIO:
		e.giveUp(p, fabric.Interface+" was deleted")
		return
	}
	p.errors++
	if p.failures++; p.failures >= maxReadFailures {
		e.giveUp(p, fmt.Sprintf("%s could not be read %d times in a row: %v", fabric.Interface, maxReadFailures, errno))
	}
}

// giveUp detaches a station whose device is lost, and tells those who watch.
func (e *engine) giveUp(p *port, why string) {
	e.detach(p)
	p.lost = why
	e.bell.ring()
}

// deliver writes a frame to its destination, where it was due at an instant.
func (e *engine) deliver(to *port, due int64, data []byte) {
	if to.fd < 0 {
		to.errors++
		return
	}
	if _, errno := write(to.fd, data); errno != 0 {
		to.errors++
		e.writeErrors++
	}
	e.punctuality.wrote(to, due, e.clock.now())
}

// attach adds a station's TAP device; detach closes it. Only the engine's thread calls them once it runs.
func (e *engine) attach(p *port, fd int) error {
	mark := len(e.ports)
	for i, other := range e.ports {
		if other == nil {
			mark = i
			break
		}
	}
	if mark == len(e.ports) {
		e.ports = append(e.ports, nil)
	}
	if err := e.waiter.add(fd, mark); err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("station %s: epoll: %w", p.name, err)
	}
	p.fd, p.lost, p.failures = fd, "", 0
	e.ports[mark] = p
	return nil
}

func (e *engine) detach(p *port) {
	for i, other := range e.ports {
		if other == p {
			e.ports[i] = nil
		}
	}
	if p.fd >= 0 {
		e.waiter.remove(p.fd)
		_ = unix.Close(p.fd)
		p.fd = -1
	}
}

// runTasks runs what other threads handed to do.
func (e *engine) runTasks() {
	now := e.clock.now()
	var count [8]byte
	_, _ = read(e.control, count[:]) // first, so that what comes from now on wakes the thread again
	if e.wakeTimes != nil {
		select {
		case e.wakeTimes <- now:
		default:
		}
	}
	if e.neighbours != nil {
		e.neighbours.takeIn(now)
	}
	for {
		select {
		case f := <-e.tasks:
			f()
		default:
			return
		}
	}
}
