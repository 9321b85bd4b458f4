//go:build unix

package run

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
	"testbed/emulator/record/recordtest"
	"testbed/emulator/replay"
)

// TestDiskThatBecomesFullInMidReplay: the run ends with the reason, and its manifest counts what is there.
func TestDiskThatBecomesFullInMidReplay(t *testing.T) {
	if !testenv.Alone(t) {
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
			release = testenv.FileLimit(t, 16<<10) // more than the manifest, less than the samples
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
		chains, err := recordtest.Points(o.Dir, "chain")
		if err != nil {
			t.Fatal(err)
		}
		steps, err := recordtest.Points(o.Dir, "step")
		s := m.Samples
		if err != nil || s.Written != int64(len(chains)+len(steps)) || s.Written == 0 || s.Dropped == 0 {
			t.Errorf("%v: %d chains and %d steps are there, and the manifest says %+v", err, len(chains), len(steps), m.Samples)
		}
		if m.Exit != record.Failed || !strings.Contains(m.Error, "too large") || m.End.IsZero() {
			t.Errorf("exit %s: %s", m.Exit, m.Error)
		}
	})
}

// TestDiskThatIsFullAtTheStart: nothing is replayed.
func TestDiskThatIsFullAtTheStart(t *testing.T) {
	if !testenv.Alone(t) {
		return
	}
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		release := testenv.FileLimit(t, 1000)
		o, err := Run(t.Context(), c)
		release()
		if !errors.Is(err, syscall.EFBIG) || len(o.Summary.Models) > 0 || b.runs != "" {
			t.Errorf("%v, %+v", err, o)
		}
	})
}
