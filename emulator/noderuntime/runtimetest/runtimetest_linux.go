package runtimetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
)

// Run tests a runtime made by newRuntime, whose nodes run a program that calls Main. That program is at
// binary inside the nodes. The names of its testbeds begin with prefix, which must be the test's own.
//
// The runtime knows a testbed's secret by Secret.
func Run(t *testing.T, newRuntime func(testing.TB) noderuntime.Runtime, binary, prefix string) {
	testenv.Privileged(t)
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"FindsWhatItStarted", (*suite).findsWhatItStarted},
		{"AliveAreThoseMeant", (*suite).aliveAreThoseMeant},
		{"NodesAreKnownExactly", (*suite).nodesAreKnownExactly},
		{"RemoveTakesThoseRecorded", (*suite).removeTakesThoseRecorded},
		{"OneMoreBesideOthers", (*suite).oneMoreBesideOthers},
		{"ANodeThatRunsIsRefused", (*suite).aNodeThatRunsIsRefused},
		{"FailedStartLeavesOthersAlone", (*suite).failedStartLeavesOthersAlone},
		{"StopTakesThoseMeant", (*suite).stopTakesThoseMeant},
		{"StoppedProcessesArePaused", (*suite).stoppedProcessesArePaused},
		{"NodesAreSeparate", (*suite).nodesAreSeparate},
		{"ExecConnectsAndReports", (*suite).execConnectsAndReports},
		{"ExecIsCancelled", (*suite).execIsCancelled},
		{"SignalsArePassedOn", (*suite).signalsArePassedOn},
		{"RemoveEndsCommands", (*suite).removeEndsCommands},
		{"ExecNeedsANode", (*suite).execNeedsANode},
		{"TestbedsDoNotDisturbEachOther", (*suite).testbedsDoNotDisturbEachOther},
		{"RemoveIsCompleteAndRepeatable", (*suite).removeIsCompleteAndRepeatable},
		{"CancelledStartIsUndone", (*suite).cancelledStartIsUndone},
		{"FailedStartIsUndone", (*suite).failedStartIsUndone},
		{"OrphansAreReaped", (*suite).orphansAreReaped},
		{"SIGTERMEndsANode", (*suite).sigtermEndsANode},
		{"ProgressCounts", (*suite).progressCounts},
		{"LogsAreKept", (*suite).logsAreKept},
		{"LogsAreFollowed", (*suite).logsAreFollowed},
		{"LogsAreBounded", (*suite).logsAreBounded},
		{"FullDiskLeaksNothing", (*suite).fullDiskLeaksNothing},
		{"LimitsAreSetOrRefused", (*suite).limitsAreSetOrRefused},
		{"UnknownImagesAreRefused", (*suite).unknownImagesAreRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run(&suite{T: t, runtime: newRuntime(t), binary: binary, prefix: prefix, dir: t.TempDir()})
		})
	}
}

type suite struct {
	*testing.T
	runtime noderuntime.Runtime
	binary  string
	prefix  string
	dir     string
}

// specs describes nodes n0, n1, ... of a testbed and sees to its removal.
func (s *suite) specs(testbed string, count int, args ...string) []noderuntime.Spec {
	s.Helper()
	s.Cleanup(func() {
		if err := s.runtime.Remove(context.Background(), testbed, nil); err != nil {
			s.Error(err)
		}
	})
	hosts := filepath.Join(s.dir, "hosts")
	if err := os.WriteFile(hosts, []byte("127.0.0.1 localhost\n10.64.0.1 of-"+testbed+"\n"), 0o644); err != nil {
		s.Fatal(err)
	}
	specs := make([]noderuntime.Spec, count)
	for i := range specs {
		specs[i] = noderuntime.Spec{Testbed: testbed, Node: fmt.Sprint("n", i), Args: args, Dir: s.dir, HostsAt: hosts,
			Run: testbed + "-1", Secret: s.secret(testbed, testbed+"-1")}
	}
	return specs
}

func (s *suite) start(testbed string, count int) []noderuntime.Node {
	s.Helper()
	nodes, err := s.runtime.Start(context.Background(), s.specs(testbed, count, Agent, testbed), nil)
	if err != nil {
		s.Fatal(err)
	}
	if len(nodes) != count {
		s.Fatalf("%d nodes started, want %d", len(nodes), count)
	}
	return nodes
}

// secret is that of a testbed of the suite.
func (s *suite) secret(testbed, run string) noderuntime.Secret { return Secret(testbed, run) }

func (s *suite) list(testbed string) []noderuntime.Node {
	s.Helper()
	nodes, err := s.runtime.Find(context.Background(), testbed)
	if err != nil {
		s.Fatal(err)
	}
	return nodes
}

// probe runs a probe in a node and returns its status and output.
func (s *suite) probe(n noderuntime.Node, in string, args ...string) (int, string, string) {
	s.Helper()
	var out, errs bytes.Buffer
	code, err := s.runtime.Exec(context.Background(), n, append([]string{s.binary, Probe}, args...),
		noderuntime.Stdio{In: strings.NewReader(in), Out: &out, Err: &errs})
	if err != nil {
		s.Fatalf("probe %v in %s: %v (%s)", args, n.Node, err, errs.String())
	}
	return code, out.String(), errs.String()
}

func (s *suite) facts(n noderuntime.Node) (f facts) {
	s.Helper()
	code, out, errs := s.probe(n, "", "facts")
	if err := json.Unmarshal([]byte(out), &f); code != 0 || err != nil {
		s.Fatalf("facts of %s: status %d, %v, %s%s", n.Node, code, err, out, errs)
	}
	return f
}

// eventually waits until ok holds, and fails after a time that only a hung process takes.
func (s *suite) eventually(what string, ok func() bool) {
	s.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("not in 10 s: %s", what)
		}
	}
}

func (s *suite) findsWhatItStarted() {
	bed := s.prefix + "list"
	started := s.start(bed, 3)
	if got := s.list(bed); !slices.Equal(got, started) {
		s.Errorf("listed %v, want %v", got, started)
	}
	all := s.list("")
	for _, n := range started {
		if !slices.Contains(all, n) {
			s.Errorf("%v is not among those of all testbeds: %v", n, all)
		}
	}
	if got := s.list(bed + "-not"); len(got) != 0 {
		s.Errorf("a testbed that is not there has nodes: %v", got)
	}
}

func (s *suite) nodesAreSeparate() {
	bed := s.prefix + "sep"
	nodes := s.start(bed, 3)
	outside, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		s.Fatal(err)
	}
	spaces := map[string]bool{outside: true}
	for i, n := range nodes {
		f := s.facts(n)
		if spaces[f.NetNS] {
			s.Errorf("%s shares its network namespace", n.Node)
		}
		spaces[f.NetNS] = true
		if got, err := os.Readlink(n.NetNS); err != nil || got != f.NetNS {
			s.Errorf("%s is said to be in %s (%v) and is in %s", n.Node, got, err, f.NetNS)
		}
		if want := fmt.Sprint("n", i); f.Host != want {
			s.Errorf("the host's name is %q, want %q", f.Host, want)
		}
		if len(f.Links) != 1 || !strings.Contains(f.Links["lo"], "up") {
			s.Errorf("%s has links %v, want lo alone, up", n.Node, f.Links)
		}
		if !strings.Contains(f.Hosts, "of-"+bed) {
			s.Errorf("/etc/hosts of %s is %q", n.Node, f.Hosts)
		}
		if !slices.Contains(f.First, Agent) || f.Seen != 2 {
			s.Errorf("%s has %d processes, the first %q; want the agent and the probe", n.Node, f.Seen, f.First)
		}
	}
	if hosts, _ := os.ReadFile("/etc/hosts"); strings.Contains(string(hosts), bed) {
		s.Error("the host's own /etc/hosts was replaced")
	}
}

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
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	code, err := s.runtime.Exec(ctx, n, []string{s.binary, Probe, "sleep", "1m"}, noderuntime.Stdio{Out: &bytes.Buffer{}})
	if !errors.Is(err, context.DeadlineExceeded) || code == 0 {
		s.Errorf("status %d, %v; want the context's error", code, err)
	}
	if took := time.Since(began); took > 20*time.Second {
		s.Errorf("took %v", took)
	}
	s.eventually("the command is gone", func() bool { return s.facts(n).Seen == 2 })
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
	select {
	case code := <-ended:
		if code != 5 {
			s.Errorf("status %d, want the command's own, 5", code)
		}
	case <-time.After(20 * time.Second):
		s.Error("the command has ended, and its execution has not")
	}
}

func (s *suite) removeEndsCommands() {
	bed := s.prefix + "busy"
	n := s.start(bed, 1)[0]
	type outcome struct {
		code int
		err  error
	}
	ended := make(chan outcome, 1)
	go func() {
		code, err := s.runtime.Exec(context.Background(), n, []string{s.binary, Probe, "sleep", "1m"}, noderuntime.Stdio{})
		ended <- outcome{code, err}
	}()
	s.eventually("the command runs", func() bool { return s.facts(n).Seen == 3 })
	if err := s.runtime.Remove(context.Background(), bed, nil); err != nil {
		s.Fatal(err)
	}
	select {
	case got := <-ended:
		if got.code != 128+int(syscall.SIGKILL) || got.err != nil {
			s.Errorf("status %d, %v; want that of SIGKILL", got.code, got.err)
		}
	case <-time.After(20 * time.Second):
		s.Error("the command outlives its node")
	}
}

func (s *suite) execNeedsANode() {
	bed := s.prefix + "gone"
	n := s.start(bed, 1)[0]
	stranger := noderuntime.Node{Testbed: bed, Node: "n7"}
	if _, err := s.runtime.Exec(context.Background(), stranger, []string{s.binary, Probe, "exit", "0"}, noderuntime.Stdio{}); !errors.Is(err, noderuntime.ErrNoSuchNode) {
		s.Errorf("a node that never was: %v", err)
	}
	if err := s.runtime.Remove(context.Background(), bed, nil); err != nil {
		s.Fatal(err)
	}
	if _, err := s.runtime.Exec(context.Background(), n, []string{s.binary, Probe, "exit", "0"}, noderuntime.Stdio{}); !errors.Is(err, noderuntime.ErrNoSuchNode) {
		s.Errorf("a node that is gone: %v", err)
	}
}

func (s *suite) testbedsDoNotDisturbEachOther() {
	a, ab := s.prefix+"a", s.prefix+"a-b"
	s.start(a, 2)
	others := s.start(ab, 2)
	if got := s.list(a); len(got) != 2 {
		s.Errorf("%s has %d nodes, want 2", a, len(got))
	}
	if err := s.runtime.Remove(context.Background(), a, nil); err != nil {
		s.Fatal(err)
	}
	if got := s.list(a); len(got) != 0 {
		s.Errorf("%s still has %v", a, got)
	}
	if got := s.list(ab); !slices.Equal(got, others) {
		s.Errorf("%s has %v after %s was removed, want %v", ab, got, a, others)
	}
	for _, n := range others {
		if f := s.facts(n); f.Host != n.Node {
			s.Errorf("%s does not answer any more", n.Node)
		}
	}
}

func (s *suite) removeIsCompleteAndRepeatable() {
	bed := s.prefix + "remove"
	before := mounts(s.T)
	nodes := s.start(bed, 3)
	if got := mounts(s.T); got != before {
		s.Errorf("the host's mounts changed:\n%s\nbefore:\n%s", got, before)
	}
	for range 2 {
		if err := s.runtime.Remove(context.Background(), bed, nil); err != nil {
			s.Fatal(err)
		}
		if got := s.list(bed); len(got) != 0 {
			s.Errorf("still there: %v", got)
		}
		for _, n := range nodes {
			if err := syscall.Kill(n.PID, 0); !errors.Is(err, syscall.ESRCH) {
				s.Errorf("process %d of %s is still there: %v", n.PID, n.Node, err)
			}
		}
	}
	if err := s.runtime.Remove(context.Background(), s.prefix+"never", nil); err != nil {
		s.Errorf("removing what never was: %v", err)
	}
	s.start(bed, 3) // the names are free again
}

func (s *suite) cancelledStartIsUndone() {
	bed := s.prefix + "late"
	specs := s.specs(bed, 3, Agent)
	specs[1].Args = []string{LateAgent}
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if _, err := s.runtime.Start(ctx, specs, nil); !errors.Is(err, context.DeadlineExceeded) {
		s.Errorf("got %v, want the context's error", err)
	}
	if got := s.list(bed); len(got) != 0 {
		s.Errorf("left behind: %v", got)
	}
}

func (s *suite) failedStartIsUndone() {
	bed := s.prefix + "dies"
	specs := s.specs(bed, 3, Agent)
	specs[1].Args = []string{DyingAgent}
	_, err := s.runtime.Start(context.Background(), specs, nil)
	if err == nil || !strings.Contains(err.Error(), "n1") || !strings.Contains(err.Error(), LastWords) {
		s.Errorf("got %v; want the node's name and what it said", err)
	}
	if got := s.list(bed); len(got) != 0 {
		s.Errorf("left behind: %v", got)
	}
}

func (s *suite) orphansAreReaped() {
	n := s.start(s.prefix+"orphan", 1)[0]
	if code, _, errs := s.probe(n, "", "orphan", "300ms"); code != 0 {
		s.Fatalf("status %d: %s", code, errs)
	}
	if f := s.facts(n); f.Orphans != 1 {
		s.Fatalf("process 1 has %d children, want the orphan", f.Orphans)
	}
	s.eventually("the orphan is gone, not a zombie", func() bool {
		f := s.facts(n)
		return f.Seen == 2 && f.Zombies == 0
	})
}

func (s *suite) sigtermEndsANode() {
	bed := s.prefix + "term"
	nodes := s.start(bed, 2)
	if err := syscall.Kill(nodes[0].PID, syscall.SIGTERM); err != nil {
		s.Fatal(err)
	}
	s.eventually("the node has ended and is not listed", func() bool { return slices.Equal(s.list(bed), nodes[1:]) })
}

// mounts are the host's, but for the overlays in which an engine keeps its containers' files.
func mounts(t testing.TB) string {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(string(data), "\n"), func(line string) bool { return strings.Contains(line, " - overlay ") })
	return strings.Join(lines, "\n")
}
