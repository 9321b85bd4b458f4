//go:build unix

package record

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"testbed/emulator/fabric"
)

func manyQueues(n int) []fabric.QueueStatus { return make([]fabric.QueueStatus, n) }

// fileLimit makes every write beyond so many bytes of a file fail, as `ulimit -f` does. The result ends that.
func fileLimit(t *testing.T, bytes uint64) (release func()) {
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

// alone runs the test in a process of its own, for a limit on files concerns all of a process, such as what the
// testing package writes by the way. It reports whether this is that process.
func alone(t *testing.T) bool {
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

// A limit on the size of files is an error like a full disk, not the end of the program by a signal.
func TestLimitOfFilesIsAnError(t *testing.T) {
	if !alone(t) {
		return
	}
	d, err := NewDirectory(t.TempDir(), "x", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	release := fileLimit(t, 8<<10)
	defer release()
	var failed error
	n := 0
	for i := 0; failed == nil && i < 1000; i++ {
		c, steps := sample(i)
		failed = errors.Join(d.Write(c, steps), d.Flush())
		n++
	}
	release()
	if !errors.Is(failed, syscall.EFBIG) || d.Close() == nil {
		t.Fatalf("after %d chains: %v", n, failed)
	}
	c := d.Counts()
	if c.Written == 0 || c.Written+c.Dropped != int64(3*n) {
		t.Errorf("of %d chains: %+v", n, c)
	}
	checkPrefix(t, d, int(c.Written/3))
}
