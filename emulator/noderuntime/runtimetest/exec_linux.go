package runtimetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
)

func (s *suite) execConnectsAndReports() {
	n := s.start(s.prefix+"exec", 1)[0]
	if code, out, errs := s.probe(n, "hello", "upper"); code != 0 || out != "HELLO" || errs != "5" {
		s.Errorf("status %d, output %q, error output %q; want 0, HELLO, 5", code, out, errs)
	}
	for _, want := range []int{0, 1, 7, 255} {
		if code, _, _ := s.probe(n, "", "exit", fmt.Sprint(want)); code != want {
			s.Errorf("status %d, want %d", code, want)
		}
	}
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		if code, _, _ := s.probe(n, "", "kill", fmt.Sprint(int(signal))); code != 128+int(signal) {
			s.Errorf("status %d after %v, want %d", code, signal, 128+int(signal))
		}
	}
	for _, missing := range []string{"no-such-command", "/no/such/command"} {
		code, err := s.runtime.Exec(context.Background(), n, []string{missing}, noderuntime.Stdio{})
		if code != 127 || err == nil || !strings.Contains(err.Error(), missing) {
			s.Errorf("%s: status %d, %v; want 127 and an error that names it", missing, code, err)
		}
	}
	if _, err := s.runtime.Exec(context.Background(), n, nil, noderuntime.Stdio{}); err == nil {
		s.Error("executing nothing is no error")
	}
}

func (s *suite) execIsCancelled() {
	n := s.start(s.prefix+"cancel", 1)[0]
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := s.sleeps(ctx, n, noderuntime.Stdio{Out: &bytes.Buffer{}})
	cancel()
	got := testenv.Receive(s.T, "a command that is called off ends", ended)
	if !errors.Is(got.err, context.Canceled) || got.code == 0 {
		s.Errorf("status %d, %v; want the context's error", got.code, got.err)
	}
	s.eventually("the command is gone", func() bool { return s.facts(n).Seen == 2 })
}

// outcome is what became of a command.
type outcome struct {
	code int
	err  error
}

// sleeps executes a command in a node, one that has no other, which runs for longer than any test: it is there when
// sleeps returns.
func (s *suite) sleeps(ctx context.Context, n noderuntime.Node, stdio noderuntime.Stdio) <-chan outcome {
	s.Helper()
	ended := make(chan outcome, 1)
	go func() {
		code, err := s.runtime.Exec(ctx, n, []string{s.binary, Probe, "sleep", "1h"}, stdio)
		ended <- outcome{code, err}
	}()
	s.eventually("the command runs", func() bool { return s.facts(n).Seen == 3 })
	return ended
}

// signalsArePassedOn: a command decides what becomes of signals.
func (s *suite) signalsArePassedOn() {
	n := s.start(s.prefix+"signals", 1)[0]
	signals, ended := make(chan os.Signal, 1), make(chan int, 1)
	var out watched
	go func() {
		code, err := s.runtime.Exec(context.Background(), n, []string{s.binary, Probe, "catch"},
			noderuntime.Stdio{Out: &out, Err: &out, Signals: signals})
		if err != nil {
			s.Error(err)
		}
		ended <- code
	}()
	s.eventually("the command runs", func() bool { return out.count(Catching) == 1 })
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGTERM} {
		signals <- signal
		s.eventually(signal.String()+" reaches the command", func() bool { return out.count("caught "+signal.String()) == 1 })
	}
	if code := testenv.Receive(s.T, "with the command its execution ends", ended); code != 5 {
		s.Errorf("status %d, want the command's own, 5", code)
	}
}

func (s *suite) removeEndsCommands() {
	bed := s.prefix + "busy"
	n := s.start(bed, 1)[0]
	ended := s.sleeps(context.Background(), n, noderuntime.Stdio{})
	if err := s.runtime.Remove(context.Background(), bed, nil); err != nil {
		s.Fatal(err)
	}
	got := testenv.Receive(s.T, "a command does not outlive its node", ended)
	if got.code != 128+int(syscall.SIGKILL) || got.err != nil {
		s.Errorf("status %d, %v; want that of SIGKILL", got.code, got.err)
	}
}

func (s *suite) execNeedsANode() {
	bed := s.prefix + "gone"
	n := s.start(bed, 1)[0]
	stranger := noderuntime.Node{Testbed: bed, Node: "n7"}
	args := []string{s.binary, Probe, "exit", "0"}
	_, err := s.runtime.Exec(context.Background(), stranger, args, noderuntime.Stdio{})
	if !errors.Is(err, noderuntime.ErrNoSuchNode) {
		s.Errorf("a node that never was: %v", err)
	}
	if err := s.runtime.Remove(context.Background(), bed, nil); err != nil {
		s.Fatal(err)
	}
	_, err = s.runtime.Exec(context.Background(), n, args, noderuntime.Stdio{})
	if !errors.Is(err, noderuntime.ErrNoSuchNode) {
		s.Errorf("a node that is gone: %v", err)
	}
}
