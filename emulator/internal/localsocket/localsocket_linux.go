package localsocket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/statefile"
)

// Listen opens a socket of that name in a directory, in place of one that is left there. It stays when the listener is
// closed. The directory is to be this user's, and nobody else's to look into.
func Listen(dir, name string) (*net.UnixListener, error) {
	d, err := open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: short(d, name)})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err := os.Chmod(filepath.Join(dir, name), 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Dial connects to the socket of that name in a directory, which is to be as for Listen, and makes sure that this
// user's process listens there.
func Dial(ctx context.Context, dir, name string) (net.Conn, error) {
	d, err := open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", short(d, name))
	if err != nil {
		return nil, err
	}
	if err := Known(conn.(*net.UnixConn)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// Known fails unless the process at the other end is this user's, as the kernel says.
func Known(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) { peer, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err := errors.Join(err, failed); err != nil {
		return fmt.Errorf("who is at the other end cannot be told: %w", err)
	}
	if int(peer.Uid) != os.Geteuid() {
		return fmt.Errorf("%w: process %d of user %d", ErrStranger, peer.Pid, peer.Uid)
	}
	return nil
}

// open opens the directory, if it is fit.
func open(dir string) (*os.File, error) {
	d, err := os.OpenFile(dir, unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	info, err := d.Stat()
	if err == nil && (info.Mode().Perm()&0o077 != 0 || !statefile.Owned(info)) {
		err = fmt.Errorf("%s: %w: want mode 0700", dir, ErrExposed)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// short is a way to the socket whose length a socket's address can hold: by the directory's descriptor.
func short(dir *os.File, name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), name)
}
