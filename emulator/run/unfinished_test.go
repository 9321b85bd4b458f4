package run

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/fabric"
	"testbed/emulator/record"
	"testbed/emulator/replay"
)

func TestRunThatIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := newBed(t, "")
		ctx, interrupt := context.WithCancel(t.Context())
		c.Progress = func(p replay.Progress) {
			if p.Done == 2 {
				interrupt()
			}
		}
		o, err := Run(ctx, c)
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		m := concluded(t, o)
		notRun := m.Models[0].NotRun + m.Models[1].NotRun
		if m.Exit != record.Interrupted || notRun != 2*len(c.Scenario.Jobs)-2 || len(m.Queues) == 0 {
			t.Errorf("%+v", m)
		}
	})
}

// TestRunWhoseTestbedDies: by itself, or by being taken down.
func TestRunWhoseTestbedDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		gone := errors.New("testbed fake was taken down")
		var dead atomic.Bool
		b.inspect = func(context.Context) error {
			if dead.Load() {
				return errors.New("connection refused")
			}
			return nil
		}
		b.watch = func(ctx context.Context) error {
			select {
			case <-time.After(stepTime * 100):
				dead.Store(true)
				return gone
			case <-ctx.Done():
				return nil
			}
		}
		b.run = func(ctx context.Context, _ *faas.ChainSpec, _ *faas.ChainResult) error {
			<-ctx.Done() // nothing comes through any more
			return context.Cause(ctx)
		}
		o, err := Run(t.Context(), c)
		if !errors.Is(err, gone) {
			t.Fatal(err)
		}
		m := concluded(t, o)
		if m.Exit != record.Failed || !strings.Contains(m.Error, "was taken down") ||
			!strings.Contains(m.Error, "no queues: connection refused") {
			t.Errorf("exit %s, %s", m.Exit, m.Error)
		}
	})
}

// TestTestbedThatIsTakenDownAsTheReplayEnds: nobody watches any more, and yet the run says what has happened.
func TestTestbedThatIsTakenDownAsTheReplayEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		c.SampleEvery = -1
		gone := errors.New("testbed fake was taken down")
		b.inspect = func(context.Context) error { return fabric.ErrNotRunning }
		b.reason = func(err error) error { return errors.Join(gone, err) }
		o, err := Run(t.Context(), c)
		if !errors.Is(err, gone) {
			t.Fatal(err)
		}
		if m := concluded(t, o); m.Exit != record.Failed || !strings.Contains(m.Error, "was taken down") {
			t.Errorf("exit %s, %s", m.Exit, m.Error)
		}
	})
}

// TestFabricThatDoesNotAnswerAtTheEnd is an error of the run, in its manifest as well.
func TestFabricThatDoesNotAnswerAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		c.SampleEvery = -1
		b.inspect = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		o, err := Run(t.Context(), c)
		if err == nil || !strings.Contains(err.Error(), "no answer after 15s") {
			t.Fatal(err)
		}
		m := concluded(t, o)
		if m.Exit != record.Failed || !strings.Contains(m.Error, "no answer after 15s") || len(m.Queues) > 0 ||
			m.Sampling != nil {
			t.Errorf("%+v", m)
		}
		if len(o.Reports) == 0 || o.Failures() != 0 {
			t.Errorf("what was measured is not compared: %+v", o)
		}
	})
}

func TestCalibrationThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		broken := errors.New("no such function")
		b.empty = func() error { return broken }
		o, err := Run(t.Context(), c)
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		m := concluded(t, o)
		if m.Exit != record.Failed || !strings.Contains(m.Error, "no such function") || m.Overhead != nil ||
			len(m.Queues) == 0 {
			t.Errorf("%+v", m)
		}
	})
}
