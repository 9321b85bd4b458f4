package function_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"testbed/emulator/faas/function"
	"testbed/emulator/internal/testenv"
)

// closedTo is a directory with a secret that everybody may read, below a directory of the host's.
func closedTo(t *testing.T, below string) string {
	t.Helper()
	dir := filepath.Join(below, fmt.Sprintf("tb-test-%d", os.Getpid()))
	files(t, map[string]os.FileMode{filepath.Join(dir, "user", "secret"): 0o644})
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// opened is a new directory that everybody may enter.
func opened(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// listening is a directory, below the host's for temporary files, in which somebody listens.
func listening(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("/var/tmp", fmt.Sprintf("tb-test-%d", os.Getpid()))
	files(t, map[string]os.FileMode{filepath.Join(dir, "secret"): 0o644})
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return dir
}

// linked makes a link in a directory, and returns its path.
func linked(t *testing.T, dir, name, to string) string {
	t.Helper()
	link := filepath.Join(dir, name)
	if err := os.Symlink(to, link); err != nil {
		t.Fatal(err)
	}
	return link
}

// TestNamedPathsStayClosed: what a command or a variable names is shown, but nothing of the host's sockets, processes
// and devices, however its path leads there: below it, above it, or through links.
func TestNamedPathsStayClosed(t *testing.T) {
	testenv.Privileged(t)
	p := program(t, "looks")
	p.Memory = 0
	aside, run, shm, hidden := opened(t), closedTo(t, "/run"), closedTo(t, "/dev/shm"), opened(t)
	data := filepath.Join(aside, "data")
	files(t, map[string]os.FileMode{filepath.Join(data, "secret"): 0o644, filepath.Join(hidden, "secret"): 0o644})
	if err := unix.Mknod(filepath.Join(data, "null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
		t.Fatal(err)
	}
	p.Hide = []string{hidden}
	in := func(name, to string) string { return linked(t, aside, name, to) }
	wayIn := in("run", run)
	shut := []string{
		run, filepath.Join(run, "user"), wayIn, filepath.Join(wayIn, "user"), in("above", "/run"), shm, in("shm", shm),
		in("link", wayIn), in("root", "/"), in("etc", "/etc"), in("var", "/var"), in("home", "/home"),
		in("process", "/proc/1"), in("process-root", "/proc/self/root"), in("sys", "/sys/class"), in("hidden", hidden),
		in("zero", "/dev/zero"), listening(t),
	}
	out := linked(t, run, "out", data) // as a distribution has its programs there
	if _, err := os.Stat("/run/media"); err != nil {
		t.Cleanup(func() { _ = os.Remove("/run/media") })
	}
	plugged := filepath.Join(closedTo(t, "/run/media"), "user")
	shown := []string{data, in("linked", data), out}
	p.Command = append(p.Command, slices.Concat(shut, shown)...)
	p.Command = append(p.Command, "/proc/self/root"+data, plugged)
	p.Env = append(p.Env, "DATA_PATH="+filepath.Join(run, "user"), "DATA_HOME="+in("variable", shm))
	shut = append(shut, filepath.Join(run, "user", "secret"), filepath.Join(aside, "variable"))
	asked := slices.Concat(shut, shown, []string{filepath.Join(data, "null"), plugged})
	got := found(t, p, asked...)
	for _, path := range shut {
		// The way to what is shown below it is there.
		if what := got[path]; what != "no" && what != "" && (path != run || what != "out") {
			t.Errorf("%s: %.100q", path, what)
		}
	}
	for _, path := range shown {
		if got[path] != "null secret" {
			t.Errorf("%s: %.100q", path, got[path])
		}
	}
	if got[plugged] != "secret" {
		t.Errorf("on a disk: %q", got[plugged])
	}
	if got[filepath.Join(data, "null")] != "no" {
		t.Error("a device outside of /dev can be opened")
	}
}

// TestClosedDirectories: a function whose directory or program is where nothing is shown is told so.
func TestClosedDirectories(t *testing.T) {
	testenv.Privileged(t)
	run := closedTo(t, "/run")
	for _, dir := range []string{run, linked(t, opened(t), "link", run), listening(t)} {
		inDir, at := program(t, "looks"), program(t, "looks")
		inDir.Dir, at.Path = dir, filepath.Join(dir, "function")
		for _, p := range []*function.Program{inDir, at} {
			_, err := (&function.Launcher{Node: "n", Log: io.Discard}).Start(t.Context(), p)
			if err == nil || !strings.Contains(err.Error(), dir+", which is ") ||
				!strings.Contains(err.Error(), "move it to another directory") {
				t.Errorf("%s: %v", dir, err)
			}
		}
	}
}
