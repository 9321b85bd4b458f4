// Package kerneltime reads the kernel's clocks, and when by them packets came.
package kerneltime

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Now is what a clock says, such as unix.CLOCK_MONOTONIC, in ns; 0: there is none of that number.
func Now(clock int32) int64 {
	var t unix.Timespec
	if unix.ClockGettime(clock, &t) != nil {
		return 0
	}
	return t.Nano()
}

// Stamp makes the kernel note when what is received by a socket came (SO_TIMESTAMPNS). It takes a moment until it does.
func Stamp(socket int) error {
	return unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
}

// ControlSize has room for the control message with the time stamp.
const ControlSize = 64

// Stamped is when what was received came, in ns of CLOCK_REALTIME, by the control message that came with it; 0 where
// that is none. It allocates nothing.
func Stamped(control []byte) int64 {
	const head = unix.SizeofCmsghdr
	if len(control) < head+16 {
		return 0
	}
	level := int32(binary.NativeEndian.Uint32(control[head-8:]))
	kind := int32(binary.NativeEndian.Uint32(control[head-4:]))
	if level != unix.SOL_SOCKET || kind != unix.SCM_TIMESTAMPNS {
		return 0
	}
	seconds := int64(binary.NativeEndian.Uint64(control[head:]))
	return seconds*1e9 + int64(binary.NativeEndian.Uint64(control[head+8:]))
}
