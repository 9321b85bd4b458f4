package netns_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/netns"
)

func inside(t *testing.T) string {
	t.Helper()
	name, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// entered looks around on a thread that has entered a namespace.
func entered(r netns.Ref, look func()) error {
	return proc.OnSpareThread(func() error {
		file, err := netns.Enter(r)
		if err != nil {
			return err
		}
		look()
		return file.Close()
	})
}

func TestNamespacesAreEntered(t *testing.T) {
	testenv.Privileged(t)
	outside := inside(t)
	different := map[string]bool{outside: true}
	for range 3 {
		h, err := netns.Hold()
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		var name string
		if err := entered(h.Ref(), func() { name = inside(t) }); err != nil {
			t.Fatal(err)
		}
		if different[name] {
			t.Errorf("%s seen twice, or outside", name)
		}
		different[name] = true
		failure := errors.New("failure")
		if err := netns.Do(h.Ref(), func() error {
			if got := inside(t); got != name {
				t.Errorf("Do enters %s, Enter %s", got, name)
			}
			return failure
		}); !errors.Is(err, failure) {
			t.Error(err)
		}
	}
	if inside(t) != outside {
		t.Errorf("now in %s, not %s", inside(t), outside)
	}
	if err := entered(netns.Ref{Path: "/no/such"}, func() {}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such namespace: %v", err)
	}
}

// stay starts a process in a network namespace of its own.
func stay(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	testenv.StartTied(t, cmd)
	return cmd
}

// pinned is the namespace of a process as it is now.
func pinned(t *testing.T, pid int) netns.Ref {
	t.Helper()
	p, err := proc.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	inode, err := p.NamespaceID("net")
	if err != nil {
		t.Fatal(err)
	}
	return netns.Ref{Path: fmt.Sprintf("/proc/%d/ns/net", pid), Start: p.Start, Inode: inode}
}

func TestOnlyTheNamespaceThatIsMeantIsEntered(t *testing.T) {
	testenv.Privileged(t)
	one, two := stay(t), stay(t)
	meant, other := pinned(t, one.Process.Pid), pinned(t, two.Process.Pid)
	if err := netns.Do(meant, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	self := pinned(t, os.Getpid())
	for name, r := range map[string]netns.Ref{
		"another process's":           {Path: other.Path, Start: meant.Start, Inode: meant.Inode},
		"another namespace":           {Path: meant.Path, Start: meant.Start, Inode: other.Inode},
		"another namespace at a path": {Path: other.Path, Inode: meant.Inode},
		"another time":                {Path: meant.Path, Start: meant.Start + 1, Inode: meant.Inode},
		"no process's path":           {Path: "/proc/self/ns/net", Start: meant.Start, Inode: meant.Inode},
		"the host's own":              self,
		"the host's own, by path":     {Path: "/proc/self/ns/net"},
		"the first process's":         {Path: "/proc/1/ns/net"},
		"a file":                      {Path: file},
		"another kind of namespace":   {Path: "/proc/" + strconv.Itoa(one.Process.Pid) + "/ns/uts"},
	} {
		if err := netns.Do(r, func() error { t.Errorf("%s: entered", name); return nil }); err == nil {
			t.Errorf("%s: no error from Do", name)
		}
		if err := entered(r, func() { t.Errorf("%s: entered", name) }); err == nil {
			t.Errorf("%s: no error from Enter", name)
		}
	}
	if err := one.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = one.Wait()
	if err := netns.Do(meant, func() error { return nil }); err == nil {
		t.Error("of a process that has ended: entered")
	}
}

// A namespace of another machine is entered by nobody here, whatever is at its path.
func TestAnotherMachinesNamespace(t *testing.T) {
	r := netns.Ref{Path: "/proc/self/ns/net", Machine: "b"}
	if err := entered(r, func() { t.Error("it was entered") }); !errors.Is(err, netns.ErrElsewhere) {
		t.Errorf("%v", err)
	}
}

// TestASocketIsNoNamespace: what has taken the number of a namespace's descriptor is another one.
func TestASocketIsNoNamespace(t *testing.T) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	file, err := netns.Ref{Path: fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd)}.Open()
	if err == nil {
		file.Close()
	}
	if !errors.Is(err, netns.ErrOther) {
		t.Errorf("got %v", err)
	}
}
