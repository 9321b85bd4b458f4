//go:build unix

package testenv

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// FileLimit makes every write beyond so many bytes of a file fail, as `ulimit -f` does and a full disk. The result
// ends that. It concerns all of the process: the test runs Alone.
func FileLimit(t testing.TB, bytes uint64) (release func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Skip(err)
	}
	set := func(limit syscall.Rlimit) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	set(syscall.Rlimit{Cur: bytes, Max: before.Max})
	return func() { set(before) }
}

// Alone runs the test in a process of its own, for a limit on files concerns all of a process, such as what the
// testing package writes by the way. It reports whether this is that process.
func Alone(t *testing.T) bool {
	t.Helper()
	const mark = "TB_TEST_ALONE"
	if os.Getenv(mark) == t.Name() {
		return true
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), mark+"="+t.Name())
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}
