//go:build unix

package run

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"testbed/emulator/record"
	"testbed/emulator/replay"
)

// limitFiles makes writes beyond so many bytes of a file fail, as `ulimit -f` does and a full disk, until release.
func limitFiles(t *testing.T, bytes int64) (release func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Skip(err)
	}
	limited := before
	limited.Cur = uint64(bytes)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Error(err)
		}
	}
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

// TestDiskThatBecomesFullInMidReplay: the run ends with the reason, and its manifest counts what is there.
func TestDiskThatBecomesFullInMidReplay(t *testing.T) {
	if !alone(t) {
		return
	}
	synctest.Test(t, func(t *testing.T) {
		_, c := newBed(t, "")
		c.SampleEvery = -1
		release := func() {}
		c.Progress = func(p replay.Progress) {
			if p.Done != 1 {
				return
			}
			release = limitFiles(t, 16<<10) // more than the manifest, less than the samples
		}
		o, err := Run(t.Context(), c)
		release()
		if !errors.Is(err, syscall.EFBIG) {
			t.Fatal(err)
		}
		m, verified := record.Verify(o.Dir)
		if !errors.Is(verified, record.ErrIncomplete) || errors.Is(verified, record.ErrAltered) || m.Sealed == "" {
			t.Fatalf("%v: %+v", verified, m)
		}
		chains, steps, err := record.ReadSamples(filepath.Join(o.Dir, record.SamplesFile))
		if err != nil || m.Samples.Written != int64(len(chains)+len(steps)) || m.Samples.Written == 0 || m.Samples.Dropped == 0 {
			t.Errorf("%v: %d chains and %d steps are there, and the manifest says %+v", err, len(chains), len(steps), m.Samples)
		}
		if m.Exit != record.Failed || !strings.Contains(m.Error, "too large") || m.End.IsZero() {
			t.Errorf("exit %s: %s", m.Exit, m.Error)
		}
	})
}

// TestDiskThatIsFullAtTheStart: nothing is replayed.
func TestDiskThatIsFullAtTheStart(t *testing.T) {
	if !alone(t) {
		return
	}
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		release := limitFiles(t, 1000)
		o, err := Run(t.Context(), c)
		release()
		if !errors.Is(err, syscall.EFBIG) || len(o.Summary.Models) > 0 || b.runs != "" {
			t.Errorf("%v, %+v", err, o)
		}
	})
}
