package localsocket

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// private is a directory of this user's alone, with a path longer than a socket's address.
func private(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestListenAndDial(t *testing.T) {
	dir := private(t)
	for range 2 { // the second takes the place of what the first left
		l, err := Listen(dir, "x.sock")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if conn, err := l.AcceptUnix(); err == nil {
				if err := Known(conn); err != nil {
					t.Errorf("this process is not known: %v", err)
				}
				_, _ = io.WriteString(conn, "here")
				conn.Close()
			}
		}()
		conn, err := Dial(context.Background(), dir, "x.sock")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(conn); string(got) != "here" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		conn.Close()
		if info, err := os.Lstat(filepath.Join(dir, "x.sock")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the socket: %v, %v", info, err)
		}
		l.Close()
	}
	if _, err := Dial(context.Background(), dir, "x.sock"); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("nobody listens: %v", err)
	}
	if _, err := Dial(context.Background(), dir, "y.sock"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is none: %v", err)
	}
}

// TestWhatOthersReachIsNotUsed: a directory that others may look into, that is another's, or that a link leads to.
func TestWhatOthersReachIsNotUsed(t *testing.T) {
	open := private(t)
	if err := os.Chmod(open, 0o750); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(private(t), link); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{"looked into": open, "a link": link, "a file": filepath.Join(private(t), "none")}
	if os.Geteuid() == 0 {
		other := private(t)
		if err := os.Chown(other, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		cases["another's"] = other
	}
	for name, dir := range cases {
		if l, err := Listen(dir, "x.sock"); err == nil {
			l.Close()
			t.Errorf("%s: it listens there", name)
		}
		if _, err := Dial(context.Background(), dir, "x.sock"); err == nil {
			t.Errorf("%s: it dials there", name)
		}
	}
}

// TestAnotherUsersListenerIsNoneOfOurs: who made the socket is what the kernel says of it.
func TestAnotherUsersListenerIsNoneOfOurs(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[1])
	file := os.NewFile(uintptr(pair[0]), "pair")
	conn, err := net.FileConn(file)
	file.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := Known(conn.(*net.UnixConn)); err != nil {
		t.Errorf("a pair of this process's own: %v", err)
	}
	if os.Geteuid() != 0 {
		t.Skip("another user's socket needs root")
	}
	if err := syscall.Seteuid(65534); err != nil {
		t.Fatal(err)
	}
	err = Known(conn.(*net.UnixConn))
	if back := syscall.Seteuid(0); back != nil {
		t.Fatal(back)
	}
	if !errors.Is(err, ErrStranger) {
		t.Errorf("root's, seen by another user: %v", err)
	}
}
