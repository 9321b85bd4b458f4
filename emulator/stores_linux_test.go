package emulator_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"testbed/emulator"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/record"
	"testbed/emulator/run"
)

// countingTotal is a state that outlives jobs and that each of them changes once, in repositories of which one or
// three keep it.
const countingTotal = `name: %s
topology:
  nodes: {pi: {memory: 1GiB}, box: {memory: 1GiB}, a: {memory: 1GiB}, b: {memory: 1GiB}, c: {memory: 1GiB},
    hall: {kind: switch}}
  links:
    - {endpoints: [pi, hall], rate: 100Mbps, delay: 1ms}
    - {endpoints: [box, hall], rate: 100Mbps, delay: 1ms}
    - {endpoints: [a, hall], rate: 100Mbps, delay: 1ms}
    - {endpoints: [b, hall], rate: 100Mbps, delay: 1ms}
    - {endpoints: [c, hall], rate: 100Mbps, delay: 1ms}
workload:
  states: {total: 10kB}
  jobs: [{name: count, client: pi, count: 8, tasks: {f: {ops: 1, argument: 1kB, states: total}}}]
placement: {hosts: [box]}
models: [in-edge]
state: {repository: %s, repositories: [%s], replication: %d}
replay: {arrival: sequential, timeout: 40s}
runtime: process
fabric: userspace
`

// killer is a sink that kills a process once four attempts have been made, between two chains.
type killer struct {
	kept
	kill func() error
}

func (k *killer) Write(c record.Chain, steps []record.Step) error {
	if err := k.kept.Write(c, steps); err != nil || len(k.chains) != 4 {
		return err
	}
	return k.kill()
}

// TestRepositoriesKilled: a repository's node, or its server alone, is killed in the middle of a run. Nothing that was
// acknowledged is lost where replicas or the server's log have it; otherwise the run says how much.
func TestRepositoriesKilled(t *testing.T) {
	testenv.Privileged(t)
	const redis = "{kind: redis, persistence: %s}"
	for _, c := range []struct {
		repository string
		replicas   int
		server     bool // it is killed, and not its node
		loses      bool
	}{
		{"builtin", 3, false, false},
		{fmt.Sprintf(redis, "none"), 3, false, false},
		{fmt.Sprintf(redis, "none"), 3, true, false},
		{fmt.Sprintf(redis, "aof, fsync: always"), 1, true, false},
		{fmt.Sprintf(redis, "none"), 1, true, true},
		{fmt.Sprintf(redis, "rdb"), 1, true, true},
	} {
		t.Run(fmt.Sprintf("%s,%d,server=%v", c.repository, c.replicas, c.server), func(t *testing.T) {
			nodes := "a, b, c"
			if c.replicas == 1 {
				nodes = "b"
			}
			m, attempts := killedInRun(t, fmt.Sprintf(countingTotal, fmt.Sprintf("killed-%d", os.Getpid()), c.repository, nodes,
				c.replicas), c.server)
			if !c.loses && (m.Done != 8 || m.WritesLost != 0 || m.StatesLost != 0) {
				t.Errorf("%+v", m)
			}
			if c.loses && (m.WritesLost != 4 || m.Done+m.Failed+m.Lost != 8 || m.Done > 4) {
				t.Errorf("%d attempts, of which four were before: %+v", attempts, m)
			}
		})
	}
}

// killedInRun carries a scenario out, kills node b or its server, and gives what the manifest says of the model.
func killedInRun(t *testing.T, text string, server bool) (record.ModelCounts, int) {
	t.Helper()
	w, dir := newReal(t), t.TempDir()
	e := loaded(t, dir, text)
	bed, err := w.of.Up(t.Context(), e, emulator.UpOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.of.Remove(context.Background(), e.Source.Name, true, nil); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(w.of.Disk); err == nil {
			t.Errorf("%s is left", w.of.Disk)
		}
	}()
	sink := &killer{kill: func() error { return killNode(bed, "b", server) }}
	outcome, err := bed.Run(t.Context(), run.Config{Results: dir, Sinks: []record.Sink{sink}})
	if err != nil {
		t.Logf("the run: %v", err)
	}
	m, err := record.ReadManifest(outcome.Dir)
	if err != nil || len(m.Models) != 1 {
		t.Fatalf("%v, %+v", err, m)
	}
	for _, text := range outcome.Summary.Errors {
		t.Log(text)
	}
	return m.Models[0], len(sink.chains)
}

// killNode kills a node's first process, or the Redis server that runs in it.
func killNode(bed *emulator.Bed, node string, server bool) error {
	for _, n := range bed.Journal.Nodes {
		if n.Name != node {
			continue
		}
		pid := n.PID
		if server {
			var err error
			if pid, err = childOf(pid, "redis-"); err != nil {
				return err
			}
		}
		process, err := os.FindProcess(pid)
		if err != nil {
			return err
		}
		return process.Kill()
	}
	return fmt.Errorf("no node %s", node)
}

// childOf is a process whose parent is another and whose command line begins with some name.
func childOf(parent int, name string) (int, error) {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, dir := range all {
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		stat, _ := os.ReadFile(filepath.Join(dir, "stat"))
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		if strings.HasPrefix(filepath.Base(string(line)), name) && len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			return strconv.Atoi(filepath.Base(dir))
		}
	}
	return 0, fmt.Errorf("process %d has no child %s", parent, name)
}
