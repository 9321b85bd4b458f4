package runtimetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

// eventually is testenv.Eventually.
func (s *suite) eventually(what string, ok func() bool) {
	s.Helper()
	testenv.Eventually(s.T, what, ok)
}
