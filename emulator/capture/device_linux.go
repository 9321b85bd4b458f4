package capture

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"testbed/emulator/internal/kerneltime"
	"testbed/emulator/internal/proc"
	"testbed/emulator/netns"
)

// Times of the devices' rings: after how long the kernel hands over a block that is not full, how long a look at all of
// them waits, and how much older than a look a packet may be that it does not show.
const (
	retireTime = 8 * time.Millisecond
	pollTime   = 20 * time.Millisecond
	settleTime = 100 * time.Millisecond
)

// Capture implements Source. One thread serves all devices.
func (d Devices) Capture(ctx context.Context, filter []bpf.RawInstruction, to Sink) (err error) {
	rings, err := d.open(filter)
	defer func() {
		for _, r := range rings {
			err = errors.Join(err, r.close())
		}
	}()
	if err != nil {
		return err
	}
	fds := make([]unix.PollFd, len(rings))
	for i, r := range rings {
		fds[i] = unix.PollFd{Fd: int32(r.fd), Events: unix.POLLIN}
	}
	lost := make([]uint64, len(rings))
	end := func(now time.Time) bool { return false }
	for {
		if ctx.Err() != nil && !end(time.Now()) {
			until := time.Now() // what comes from now on is not wanted, what came before may still be in a block
			for _, r := range rings {
				r.until = until
			}
			stop := until.Add(settleTime)
			end = func(now time.Time) bool { return now.After(stop) }
			ctx = context.WithoutCancel(ctx)
		}
		began := time.Now()
		if end(began) {
			return to.Told(began, lost)
		}
		_, err := unix.Poll(fds, int(pollTime.Milliseconds()))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("waiting for packets: %w", err)
		}
		for i, r := range rings {
			if err := r.drain(func(p Packet) error { p.Interface = i; return to.Packet(p) }); err != nil {
				return err
			}
			if err := r.count(&lost[i]); err != nil {
				return fmt.Errorf("%s: counting packets: %w", d[i].Of, err)
			}
			if fds[i].Revents&(unix.POLLERR|unix.POLLNVAL) != 0 {
				fds[i].Fd = -1 // its interface is gone
			}
		}
		if err := to.Told(began.Add(-settleTime), lost); err != nil {
			return err
		}
	}
}

// open opens a ring for each device, in its namespace.
func (d Devices) open(filter []bpf.RawInstruction) (rings []*ring, err error) {
	if len(d) > mostDevices {
		return nil, fmt.Errorf("%d interfaces at once, and at most %d have room for their packets: name fewer", len(d),
			mostDevices)
	}
	size := ringSize(len(d))
	for _, device := range d {
		var r *ring
		err := proc.OnSpareThread(func() error {
			file, err := netns.Enter(device.NetNS)
			if err != nil {
				return err
			}
			defer file.Close()
			r, err = openRing(device.Name, size, filter)
			return err
		})
		if err != nil {
			return rings, fmt.Errorf("capturing at %s of %s: %w", device.Name, device.Of, err)
		}
		r.sent = device.Sent
		rings = append(rings, r)
	}
	return rings, nil
}

// Bounds of rings' memory, in blocks: of all together, and of each.
const (
	blockBytes = 256 << 10 // a burst of 64 KiB fits
	allBlocks  = 1024
	mostBlocks = 256
	leastBlock = 4
)

// ringSize is how many blocks each of n devices has.
func ringSize(n int) int { return max(leastBlock, min(mostBlocks, allBlocks/max(n, 1))) }

// mostDevices is how many have room for a ring each: the kernel's memory for them cannot be swapped out.
const mostDevices = 4 * allBlocks / leastBlock

// wallAhead is how far the wall clock is ahead of CLOCK_MONOTONIC, in ns.
func wallAhead() int64 {
	before := kerneltime.Now(unix.CLOCK_MONOTONIC)
	wall := kerneltime.Now(unix.CLOCK_REALTIME)
	return wall - (before+kerneltime.Now(unix.CLOCK_MONOTONIC))/2
}
