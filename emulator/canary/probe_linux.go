package canary

import (
	"encoding/binary"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// The files that the thread waits for.
const (
	sender   = iota // the socket that probes leave by and come back to
	mirror          // that which sends them back
	ender           // told when to end
	fileKeys = ender + 1
)

// prober is what the thread works with.
type prober struct {
	fds [fileKeys]int
}

// end tells the thread to end.
func (p *prober) end() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(p.fds[ender], one[:])
}

func (p *prober) close() {
	for _, fd := range p.fds {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

// most is how many probes are made up for at once where the thread was kept from sending them: each of those that fall
// into a stop counts, late by what is left of it.
const most = int64(2 * time.Second)

// probe sends probes and takes them down, until it is told to end, and no longer than patience after that.
func (c *Canary) probe(p *prober) error {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // without it a wait ends 50 µs later
	next, end := c.now()+int64(Interval), int64(0)
	for {
		due := next
		if end > 0 {
			due = end
		}
		ready, err := p.wait(due - c.now())
		if err != nil {
			return err
		}
		now := c.now()
		if ready[ender] && end == 0 {
			end = now + int64(patience)
			var told [8]byte
			_, _ = unix.Read(p.fds[ender], told[:])
		}
		if ready[mirror] {
			p.reflect()
		}
		if ready[sender] {
			c.receive(p)
		}
		if end > 0 && (now >= end || c.complete()) {
			return nil
		}
		if end > 0 || now < next {
			continue
		}
		for next = max(next, now-most); next <= now; next += int64(Interval) {
			c.send(p, next)
		}
	}
}

// wait sleeps until one of the files is ready, at most a number of ns.
func (p *prober) wait(ns int64) (ready [fileKeys]bool, err error) {
	var polled [fileKeys]unix.PollFd
	for i, fd := range p.fds {
		polled[i] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	}
	timeout := unix.NsecToTimespec(max(ns, 0))
	if _, err := unix.Ppoll(polled[:], &timeout, nil); err != nil && !errors.Is(err, unix.EINTR) {
		return ready, err
	}
	for i := range polled {
		ready[i] = polled[i].Revents != 0
	}
	return ready, nil
}

// send sends a probe that was scheduled for an instant. One that is not taken counts as sent: it does not come back.
func (c *Canary) send(p *prober, scheduled int64) {
	c.mu.Lock()
	n := c.account.send(scheduled, c.now())
	c.mu.Unlock()
	var number [8]byte
	binary.NativeEndian.PutUint64(number[:], n)
	_, _ = unix.Write(p.fds[sender], number[:])
}

// reflect sends all probes back that have come.
func (p *prober) reflect() {
	var number [8]byte
	for {
		if n, err := unix.Read(p.fds[mirror], number[:]); err != nil || n != len(number) {
			return
		}
		_, _ = unix.Write(p.fds[mirror], number[:])
	}
}

// receive takes down all probes that are back.
func (c *Canary) receive(p *prober) {
	var number [8]byte
	for {
		if n, err := unix.Read(p.fds[sender], number[:]); err != nil || n != len(number) {
			return
		}
		c.mu.Lock()
		c.account.arrived(binary.NativeEndian.Uint64(number[:]), c.now())
		c.mu.Unlock()
	}
}

// complete tells whether the last probe is back.
func (c *Canary) complete() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.account.next == c.account.sent
}

func monotonic() int64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return t.Nano()
}
