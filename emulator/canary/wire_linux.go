package canary

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/kerneltime"
	"testbed/emulator/netns"
)

// wire is what carries probes: a socket in each of two namespaces, connected to the other's, and a timer.
type wire struct {
	ends  [2]int // the sockets
	timer *os.File
}

// newWire opens the sockets in the namespaces.
func newWire(spaces [2]netns.Ref) (w *wire, err error) {
	w = &wire{ends: [2]int{-1, -1}}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	at := [2]netip.Addr{here.Addr(), there.Addr()}
	for i := range spaces {
		err := netns.Do(spaces[i], func() (err error) { w.ends[i], err = socket(at[i], at[1-i]); return err })
		if err != nil {
			return nil, err
		}
	}
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("a timer: %w", err)
	}
	w.timer = os.NewFile(uintptr(timer), "timer")
	return w, nil
}

const port = 7 // echo (RFC 862)

// socket opens one for UDP, in the calling thread's namespace, for which the kernel notes when packets come.
func socket(from, to netip.Addr) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("a socket: %w", err)
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: from.As4()}); err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: to.As4()})
	}
	if err == nil {
		err = kerneltime.Stamp(fd)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("a socket from %v to %v: %w", from, to, err)
	}
	return fd, nil
}

// begin implements probes. The kernel takes a moment until it notes times.
func (w *wire) begin(interval time.Duration) int64 {
	first := w.now() + int64(100*time.Millisecond)
	every := unix.ItimerSpec{Value: unix.NsecToTimespec(first), Interval: unix.NsecToTimespec(int64(interval))}
	raw, err := w.timer.SyscallConn()
	if err == nil { // else tick says so
		_ = raw.Control(func(fd uintptr) { _ = unix.TimerfdSettime(int(fd), unix.TFD_TIMER_ABSTIME, &every, nil) })
	}
	return first
}

// tick implements probes.
func (w *wire) tick() error {
	var count [8]byte
	_, err := w.timer.Read(count[:])
	return err
}

// send implements probes.
func (w *wire) send(number uint64) {
	var text [8]byte
	binary.NativeEndian.PutUint64(text[:], number)
	_, _ = unix.Write(w.ends[number%2], text[:])
}

// arrivals implements probes.
func (w *wire) arrivals(arrived arrivedAt) {
	now := w.now()
	ahead := kerneltime.Now(unix.CLOCK_REALTIME) - now
	var text [8]byte
	var control [kerneltime.ControlSize]byte
	for i, fd := range w.ends {
		for {
			n, m, _, _, err := unix.Recvmsg(fd, text[:], control[:], 0)
			if err == unix.EINTR || err == unix.ECONNREFUSED {
				continue
			}
			if err != nil {
				break
			}
			if number := binary.NativeEndian.Uint64(text[:]); n == len(text) && number%2 == uint64(1-i) {
				arrived(number, min(cmp.Or(kerneltime.Stamped(control[:m]), now+ahead)-ahead, now))
			}
		}
	}
}

// close implements probes.
func (w *wire) close() {
	for i, fd := range w.ends {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
		w.ends[i] = -1
	}
	if w.timer != nil {
		_ = w.timer.Close()
	}
}

func (w *wire) now() int64 { return kerneltime.Now(unix.CLOCK_MONOTONIC) }
