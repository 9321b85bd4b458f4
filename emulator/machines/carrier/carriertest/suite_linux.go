// Package carriertest is the suite that every carrier passes, on the machines of scripts/machines.
package carriertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/remote"
	"testbed/emulator/noderuntime/runtimetest"
)

// Inside is where the program is in agents and nodes.
const Inside = "/testbed"

// Launch is for the agents of a testbed of the tests, which know the secrets of package runtimetest.
func Launch(at testenv.Machines, testbed string) carrier.Launch {
	return carrier.Launch{Testbed: testbed, Dirs: dirs(at), Programs: programs(at), Secrets: secrets}
}

func dirs(at testenv.Machines) []string { return []string{at.Shared() + ":rslave"} }

func programs(at testenv.Machines) string { return filepath.Join(at.Shared(), "programs") }

// secrets are those of package runtimetest.
var secrets = remote.Secrets{Of: func(testbed, run string) []noderuntime.Secret {
	return []noderuntime.Secret{runtimetest.Secret(testbed, run)}
}}

// Run tests a carrier. The program that its agents run becomes, besides an agent, what package runtimetest asks for.
func Run(t *testing.T, at testenv.Machines, c carrier.Carrier) {
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"MachinesAreKnown", (*suite).machinesAreKnown},
		{"NodesRunOnEachMachine", (*suite).nodesRunOnEachMachine},
		{"NodesOutliveTheirAgents", (*suite).nodesOutliveTheirAgents},
		{"SomeOfThem", (*suite).someOfThem},
		{"ALostAgentIsTold", (*suite).aLostAgentIsTold},
		{"RemoveTakesAllAgents", (*suite).removeTakesAllAgents},
		{"NodesGetANetwork", (*suite).nodesGetANetwork},
		{"ACancelledStartLeavesNothing", (*suite).aCancelledStartLeavesNothing},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &suite{T: t, at: at, carrier: c, testbed: fmt.Sprintf("t%d-%s", os.Getpid(), strings.ToLower(test.name))}
			t.Cleanup(s.nothingIsLeft)
			test.run(s)
		})
	}
}

type suite struct {
	*testing.T
	at      testenv.Machines
	carrier carrier.Carrier
	testbed string
	next    int // number of the next node
}

func (s *suite) machinesAreKnown() {
	seen := map[string]bool{}
	for i, m := range s.machines() {
		if want := fmt.Sprint("machine", i+1); m.Name != want || m.CPUs < 1 || m.Memory <= 0 || seen[m.ID] {
			s.Errorf("got %+v, want what %s has, by an ID of its own", m, want)
		}
		seen[m.ID] = true
	}
	if len(seen) != s.at.Count {
		s.Errorf("%d machines, want %d", len(seen), s.at.Count)
	}
}

func (s *suite) nodesRunOnEachMachine() {
	on := s.start(s.machines())
	for i, a := range on {
		if want := fmt.Sprint("machine", i+1); a.Hello.Host != want {
			s.Errorf("the agent of %s is on %s", want, a.Hello.Host)
		}
		want := fmt.Sprint("10.231.77.", i+1)
		if !slices.Contains(a.Hello.Addresses, netip.MustParseAddr(want)) {
			s.Errorf("%s has the addresses %v, not %s", a.Machine.Name, a.Hello.Addresses, want)
		}
		if err := a.Runtime().Supported(context.Background()); err != nil {
			s.Error(err)
		}
	}
	nodes := s.nodes(on)
	for i, a := range on {
		found, err := a.Runtime().Find(context.Background(), s.testbed)
		if err != nil || !slices.Equal(found, nodes[i:i+1]) {
			s.Errorf("%s has %v (%v), want %v", a.Machine.Name, found, err, nodes[i])
		}
		var out bytes.Buffer
		code, err := a.Runtime().Exec(context.Background(), nodes[i], []string{Inside, runtimetest.Probe, "upper"},
			noderuntime.Stdio{In: strings.NewReader(a.Machine.Name), Out: &out})
		if code != 0 || err != nil || out.String() != strings.ToUpper(a.Machine.Name) {
			s.Errorf("status %d, %v, %q", code, err, out.String())
		}
		other := on[(i+1)%len(on)]
		_, err = other.Runtime().Exec(context.Background(), nodes[i], []string{Inside, runtimetest.Probe, "exit", "0"},
			noderuntime.Stdio{})
		if !errors.Is(err, noderuntime.ErrNoSuchNode) || !strings.Contains(err.Error(), other.Machine.Name) {
			s.Errorf("a node of another machine: %v, want that %s has none", err, other.Machine.Name)
		}
	}
	s.removeNodes(on)
}

func (s *suite) nodesOutliveTheirAgents() {
	on := s.machines()
	first := s.start(on)
	nodes := s.nodes(first)
	if err := carrier.CloseAll(first); err != nil {
		s.Fatal(err)
	}
	if _, err := s.carrier.Remove(context.Background(), s.testbed); err != nil {
		s.Fatal(err)
	}
	again := s.start(on)
	for i, a := range again {
		if found, err := a.Runtime().Find(context.Background(), s.testbed); err != nil || !slices.Equal(found, nodes[i:i+1]) {
			s.Errorf("%s has %v (%v), want %v", a.Machine.Name, found, err, nodes[i])
		}
	}
	s.removeNodes(again)
}

func (s *suite) someOfThem() {
	on := s.machines()[1:2]
	if started := s.start(on); len(started) != 1 || started[0].Hello.Host != "machine2" {
		s.Errorf("started %+v", started)
	}
	if n := len(s.containers(1)) + len(s.containers(3)); n > 0 {
		s.Errorf("%d agents on the other machines", n)
	}
}

// aLostAgentIsTold: its end is known at once and by the machine's name, and its nodes are found by another.
func (s *suite) aLostAgentIsTold() {
	on := s.machines()
	started := s.start(on)
	nodes := s.nodes(started)
	victim := s.containers(2)
	if len(victim) != 1 {
		s.Fatalf("%d agents on machine 2", len(victim))
	}
	found, err := s.api(2).ContainerInspect(context.Background(), victim[0].ID)
	if err != nil {
		s.Fatal(err)
	}
	if err := syscall.Kill(found.State.Pid, syscall.SIGKILL); err != nil {
		s.Fatal(err)
	}
	s.lost(started[1])
	_, err = started[1].Runtime().Find(context.Background(), s.testbed)
	if !errors.Is(err, control.ErrLost) || !strings.Contains(err.Error(), "machine2") {
		s.Errorf("got %v, want that machine2's connection is lost", err)
	}
	if found, err := started[0].Runtime().Find(context.Background(), s.testbed); err != nil || len(found) != 1 {
		s.Errorf("another machine's: %v, %v", found, err)
	}
	if err := carrier.CloseAll(started); err != nil {
		s.Error(err)
	}
	if _, err := s.carrier.Remove(context.Background(), s.testbed); err != nil {
		s.Error(err)
	}
	again := s.start(on)
	left, err := again[1].Runtime().Find(context.Background(), s.testbed)
	if err != nil || !slices.Equal(left, nodes[1:2]) {
		s.Errorf("got %v, %v; want %v", left, err, nodes[1])
	}
	s.removeNodes(again)
}

// removeTakesAllAgents: also those of a controller that is not there any more.
func (s *suite) removeTakesAllAgents() {
	started := s.start(s.machines())
	for range 2 {
		if left, err := s.carrier.Remove(context.Background(), s.testbed); err != nil || len(left) > 0 {
			s.Errorf("%v, left: %v", err, left)
		}
	}
	for _, a := range started {
		s.lost(a)
	}
}

func (s *suite) aCancelledStartLeavesNothing() {
	on := s.machines()
	for _, after := range []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond} {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(after, cancel)
		started, err := s.carrier.Start(ctx, Launch(s.at, s.testbed), on)
		if err == nil { // it was faster
			err = carrier.CloseAll(started)
			if _, removed := s.carrier.Remove(context.Background(), s.testbed); err != nil || removed != nil {
				s.Error(err, removed)
			}
		} else if !errors.Is(err, context.Canceled) {
			s.Errorf("got %v, want that it was called off", err)
		}
		s.nothingIsLeft()
	}
}
