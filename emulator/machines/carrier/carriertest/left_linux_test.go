package carriertest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/program"
	agents "testbed/emulator/machines/carrier/container"
	"testbed/emulator/noderuntime/docker"
)

// congestion is the record of what was added to the host's congestion controls for a moment, and first leads there from
// an agent, where a process may look at the first one.
const (
	congestion = "/run/tb-congestion"
	first      = "/proc/1/root/run"
)

// TestDownTakesWhatKilledAgentsHaveLeft: by either carrier, of a testbed of which nobody has a record. An agent that
// was created and never started ends with no connection, a process of its network is nobody's, and what it had added to
// the host's congestion controls, as it made a network, stays until somebody takes it back.
func TestDownTakesWhatKilledAgentsHaveLeft(t *testing.T) {
	c := newCommands(t)
	s := &suite{T: t, at: c.at, testbed: "left"}
	t.Cleanup(s.nothingIsLeft)
	swarmOf(t, c.at)
	stray := s.networkIsLeft(c.at.Engine(2))
	for _, by := range []struct {
		place
		machines string
	}{{c.spread(), c.spread().flags[1]}, {c.on(t, 1), "swarm"}} { // the first loads the image that a Swarm does not
		s.agentIsLeft(2)
		if err := os.WriteFile(congestion, []byte("tb-none"), 0o600); err != nil {
			t.Fatal(err)
		}
		by.must(t, "down", "--machines", by.machines, "--name", s.testbed)
		s.nothingIsLeft()
		text, err := os.ReadFile(congestion)
		if !strings.Contains(string(text), "tb-none") {
			continue
		}
		if _, barred := os.ReadDir(first); barred == nil {
			t.Errorf("%s: %q is left, %v", congestion, text, err)
		}
		_ = os.Remove(congestion)
	}
	select {
	case <-stray:
	case <-time.After(time.Minute):
		t.Error("a process of the network is left")
	}
	nothingInTheSwarm(t, c.at)
}

// networkIsLeft starts what looks like the process of a machine's part of the testbed's network, and says when it ends.
func (s *suite) networkIsLeft(machine string) (ended chan struct{}) {
	s.Helper()
	sum := sha256.Sum256([]byte(machine))
	dir := "/run/tb-testbed/" + s.testbed + "/fabric-" + hex.EncodeToString(sum[:6])
	stray := exec.Command("/bin/sh")
	stray.Args = []string{userspace.ProcessName, "-c", "read nothing", s.testbed, dir}
	if _, err := stray.StdinPipe(); err != nil {
		s.Fatal(err)
	}
	if err := stray.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = stray.Process.Kill() })
	ended = make(chan struct{})
	go func() { _ = stray.Wait(); close(ended) }()
	return ended
}

// agentIsLeft creates an agent's container on a machine, and does not start it.
func (s *suite) agentIsLeft(n int) {
	s.Helper()
	api := s.api(n)
	image, err := docker.New(program.At("/proc/self/exe")).EnsureImage(context.Background(), api)
	if err != nil {
		s.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		s.Fatal(err)
	}
	_, err = api.ContainerCreate(context.Background(), &container.Config{Image: image, Entrypoint: []string{Inside},
		Cmd: []string{agents.Command, "/p", "/d"}, Labels: map[string]string{agents.LabelTestbed: s.testbed,
			agents.LabelBy: host}}, &container.HostConfig{AutoRemove: true}, nil, nil, "tb-agent."+s.testbed)
	if err != nil {
		s.Fatal(err)
	}
}
