//go:build unix

package record

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/testenv"
)

func manyQueues(n int) []fabric.QueueStatus { return make([]fabric.QueueStatus, n) }

// A limit on the size of files is an error like a full disk, not the end of the program by a signal.
func TestLimitOfFilesIsAnError(t *testing.T) {
	if !testenv.Alone(t) {
		return
	}
	d, err := MakeDirectory(t.TempDir(), RunName("x", time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	release := testenv.FileLimit(t, 8<<10)
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
