package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// bounded fails where f takes longer than only a hanging call does. The runtime's patience is 2 s here.
func bounded(t *testing.T, what string, f func() error) error {
	t.Helper()
	done, began := make(chan error, 1), time.Now()
	go func() { done <- f() }()
	select {
	case err := <-done:
		t.Logf("%s: %v: %v", what, time.Since(began).Round(time.Millisecond), err)
		return err
	case <-time.After(testenv.Patience):
		t.Fatalf("%s hangs", what)
		return nil
	}
}

// answered is bounded where the engine answers: on a host that stands still later than in the runtime's patience.
func answered(t *testing.T, what string, f func() error) {
	t.Helper()
	testenv.Repeat(t, 5, func() error {
		err := bounded(t, what, f)
		if err != nil && !errors.Is(err, ErrEngine) {
			t.Error(err)
		}
		return err
	})
}

// TestEngineGoesAway kills and stops the engine while nodes are started and removed.
func TestEngineGoesAway(t *testing.T) {
	testRuntime(t)
	for _, c := range []struct {
		name   string
		signal syscall.Signal
	}{{"killed", syscall.SIGKILL}, {"hangs", syscall.SIGSTOP}} {
		t.Run(c.name, func(t *testing.T) {
			engine := testenv.NewPrivateEngine(t)
			l := &loss{T: t, engine: engine, signal: c.signal, testbed: bed("loss"),
				r: newRuntime(WithHost(engine.Host), WithPatience(2*time.Second))}
			if err := l.r.Supported(context.Background()); err != nil {
				t.Fatal(err)
			}
			l.duringStart()
			l.whileUp()
			l.duringRemove()
		})
	}
}

type loss struct {
	*testing.T
	engine  *testenv.PrivateEngine
	signal  syscall.Signal
	testbed string
	r       *Runtime
}

// back makes the engine answer again.
func (l *loss) back() {
	l.Helper()
	if l.signal == syscall.SIGSTOP {
		l.engine.Signal(syscall.SIGCONT)
	} else {
		l.engine.Start()
	}
}

func (l *loss) remove() error { return l.r.Remove(context.Background(), l.testbed, nil) }

func (l *loss) lose() { l.engine.Signal(l.signal) }

// finishes removes the testbed and looks for what is left.
func (l *loss) finishes() {
	l.Helper()
	answered(l.T, "removing once the engine is back", l.remove)
	if left, err := l.r.containers(context.Background(), l.r.api, LabelNode, true); err != nil || len(left) > 0 {
		l.Fatalf("left: %v, %v", left, err)
	}
}

func (l *loss) wantsLoss(err error) {
	l.Helper()
	if err == nil || !errors.Is(err, ErrEngine) || !strings.Contains(err.Error(), "engine") {
		l.Errorf("got %v, want that the engine does not answer", err)
	}
}

func (l *loss) duringStart() {
	specs := nodeSpecs(l, l.testbed, 24, runtimetest.Agent)
	testenv.Repeat(l.T, 3, func() error {
		ready := 0
		err := bounded(l.T, "starting", func() error {
			_, err := l.r.Start(context.Background(), specs, func(n int) {
				if ready < 3 && n >= 3 { // it may skip a number
					l.lose()
				}
				ready = n
			})
			return err
		})
		if ready < 3 || ready == len(specs) {
			l.lose()
			l.back()
			l.finishes()
			l.Log(err)
			return fmt.Errorf("%d nodes became ready: the engine was not lost in between", ready)
		}
		l.wantsLoss(err)
		return nil
	})
	l.wantsLoss(bounded(l.T, "removing without engine", l.remove))
	l.back()
	l.finishes()
}

// starts starts nodes.
func (l *loss) starts(count int) (nodes []noderuntime.Node) {
	l.Helper()
	answered(l.T, "starting", func() (err error) {
		nodes, err = l.r.Start(context.Background(), nodeSpecs(l, l.testbed, count, runtimetest.Agent), nil)
		if err != nil {
			l.finishes() // what was called off may be left
		}
		return err
	})
	return nodes
}

// whileUp asks an engine that is gone for this and that.
func (l *loss) whileUp() {
	nodes := l.starts(2)
	l.lose()
	l.wantsLoss(bounded(l.T, "listing", func() error { _, err := l.r.Find(context.Background(), l.testbed); return err }))
	l.wantsLoss(bounded(l.T, "executing", func() error {
		args := []string{binaryInside, runtimetest.Probe, "exit", "0"}
		_, err := l.r.Exec(context.Background(), nodes[0], args, noderuntime.Stdio{})
		return err
	}))
	err := bounded(l.T, "probing", func() error { return l.r.Supported(context.Background()) })
	if !errors.Is(err, noderuntime.ErrNotSupported) {
		l.Errorf("got %v", err)
	}
	l.back()
	l.finishes()
}

func (l *loss) duringRemove() {
	l.starts(24)
	time.AfterFunc(100*time.Millisecond, l.lose)
	l.wantsLoss(bounded(l.T, "removing", l.remove))
	l.back()
	l.finishes()
}

// TestCancelledWhileTheEngineHangs calls off a Start whose engine does not answer.
func TestCancelledWhileTheEngineHangs(t *testing.T) {
	testRuntime(t)
	engine := testenv.NewPrivateEngine(t)
	r := newRuntime(WithHost(engine.Host), WithPatience(2*time.Second))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err := bounded(t, "starting", func() error {
		_, err := r.Start(ctx, nodeSpecs(t, bed("hang"), 12, runtimetest.Agent), func(n int) {
			if n >= 2 {
				engine.Signal(syscall.SIGSTOP)
				cancel()
			}
		})
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was called off", err)
	}
	engine.Signal(syscall.SIGCONT)
	answered(t, "removing", func() error { return r.Remove(context.Background(), bed("hang"), nil) })
}
