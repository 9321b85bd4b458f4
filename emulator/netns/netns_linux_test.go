package netns

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/internal/testenv"
)

func inside(t *testing.T) string {
	t.Helper()
	name, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestEachEntersItsNamespaces(t *testing.T) {
	testenv.Privileged(t)
	outside := inside(t)
	var refs []Ref
	for range 3 {
		h, err := New()
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		refs = append(refs, h.Ref())
	}
	var seen []string
	if err := Each(refs, func(int) error { seen = append(seen, inside(t)); return nil }); err != nil {
		t.Fatal(err)
	}
	different := map[string]bool{outside: true}
	for i, name := range seen {
		if different[name] {
			t.Errorf("%s seen twice, or outside", name)
		}
		different[name] = true
		if err := Do(refs[i], func() error {
			if got := inside(t); got != name {
				t.Errorf("Do enters %s, Each %s", got, name)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	if len(seen) != 3 || inside(t) != outside {
		t.Errorf("seen %v, and now in %s, not %s", seen, inside(t), outside)
	}
}

func TestEachStopsAtAnError(t *testing.T) {
	testenv.Privileged(t)
	h, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	failure, calls := errors.New("failure"), 0
	err = Each([]Ref{h.Ref(), h.Ref()}, func(int) error { calls++; return failure })
	if !errors.Is(err, failure) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	if err := Each([]Ref{{Path: "/no/such"}}, func(int) error { return nil }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such namespace: %v", err)
	}
}

// stay starts a process in a network namespace of its own.
func stay(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: unix.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

// pinned is the namespace of a process as it is now.
func pinned(t *testing.T, pid int) Ref {
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
	return OfProcess(pid, p.Start, inode)
}

func TestOnlyTheNamespaceThatIsMeantIsEntered(t *testing.T) {
	testenv.Privileged(t)
	one, two := stay(t), stay(t)
	meant, other := pinned(t, one.Process.Pid), pinned(t, two.Process.Pid)
	if err := Do(meant, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	self := pinned(t, os.Getpid())
	for name, r := range map[string]Ref{
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
		entered := func() error { t.Errorf("%s: entered", name); return nil }
		if err := Do(r, entered); err == nil {
			t.Errorf("%s: no error from Do", name)
		}
		if err := Each([]Ref{r}, func(int) error { return entered() }); err == nil {
			t.Errorf("%s: no error from Each", name)
		}
	}
	if err := one.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = one.Wait()
	if err := Do(meant, func() error { return nil }); err == nil {
		t.Error("of a process that has ended: entered")
	}
}
