package userspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/station"
	"testbed/emulator/internal/proc"
)

// Supported says why the fabric cannot be had on this host; nil where it can. It does all that a station needs, in
// a namespace that goes with the call, and leaves nothing. The error wraps fabric.ErrNotSupported.
func Supported(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := proc.OnSpareThread(try); err != nil {
		return fmt.Errorf("%w: %w", fabric.ErrNotSupported, err)
	}
	return nil
}

// try makes a TAP device in a new network namespace, into which it moves the calling thread.
func try() (err error) {
	undo, err := tunForNow()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, undo()) }()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("make a network namespace: %w: run it as root, outside of unprivileged containers", err)
	}
	if err := station.Settle(false); err != nil {
		return fmt.Errorf("%w: is /proc/sys read-only? a container needs --privileged", err)
	}
	fd, err := openTap("tb-probe")
	if err == nil {
		return unix.Close(fd)
	}
	return fmt.Errorf("%w: %s", err, remedy(err))
}

// remedy says what to do about a device that cannot be opened.
func remedy(err error) string {
	switch {
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENOENT):
		return "load the kernel's module: modprobe tun"
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOTTY), errors.Is(err, unix.EROFS):
		return "the file must be the device 10:200, on a file system without nodev, and allowed to this control group " +
			"(docker run --device /dev/net/tun); run it as root"
	}
	return "see whether `ip tuntap add tb-probe mode tap` works"
}

// tunForNow makes the device file where it is missing, and returns what removes it again.
func tunForNow() (undo func() error, err error) {
	nothing := func() error { return nil }
	if _, err := os.Stat(tunPath); err == nil {
		return nothing, nil
	}
	dir := filepath.Dir(tunPath)
	_, missing := os.Stat(dir)
	if err := ensureTun(); err != nil {
		return nothing, fmt.Errorf("%w: %s", err, remedy(err))
	}
	return func() error {
		err := os.Remove(tunPath)
		if errors.Is(missing, fs.ErrNotExist) {
			err = errors.Join(err, unix.Rmdir(dir))
		}
		return err
	}, nil
}
