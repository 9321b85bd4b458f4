package carriertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	agents "testbed/emulator/machines/carrier/container"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// lost waits until an agent's connection is known to be lost.
func (s *suite) lost(a *carrier.Agent) {
	s.Helper()
	testenv.Receive(s.T, "the agent of "+a.Machine.Name+" is lost", a.Lost())
}

// machines are those of the carrier, in the order of their names.
func (s *suite) machines() []machines.Machine {
	s.Helper()
	list, unfit, err := s.carrier.Machines(context.Background())
	if err != nil || len(unfit) > 0 {
		s.Fatalf("%v, unfit: %v", err, unfit)
	}
	slices.SortFunc(list, func(a, b machines.Machine) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// start starts agents on machines, which end with the test.
func (s *suite) start(on []machines.Machine) []*carrier.Agent {
	s.Helper()
	started, err := s.carrier.Start(context.Background(), Launch(s.at, s.testbed), on)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := carrier.CloseAll(started); err != nil {
			s.Error(err)
		}
		if left, err := s.carrier.Remove(context.Background(), s.testbed); err != nil || len(left) > 0 {
			s.Errorf("%v, left: %v", err, left)
		}
	})
	return started
}

// nodes starts a node on each machine, all of which are removed at the end.
func (s *suite) nodes(on []*carrier.Agent) []noderuntime.Node {
	s.Helper()
	var by []noderuntime.Made
	for _, a := range on {
		by = append(by, a.Runtime())
	}
	return s.nodesBy(by)
}

// nodesBy starts a node by each runtime.
func (s *suite) nodesBy(by []noderuntime.Made) []noderuntime.Node {
	s.Helper()
	var all []noderuntime.Node
	for _, r := range by {
		nodes, err := r.Start(context.Background(), s.specs(1), nil)
		if err != nil {
			s.Fatal(err)
		}
		all = append(all, nodes...)
	}
	return all
}

// run is the testbed's only bringing up, and secret what its nodes are signed with.
func (s *suite) run() string                { return s.testbed + "-1" }
func (s *suite) secret() noderuntime.Secret { return runtimetest.Secret(s.testbed, s.run()) }

// specs are of so many nodes, different from all before.
func (s *suite) specs(count int) (specs []noderuntime.Spec) {
	s.Helper()
	for range count {
		dir := s.TempDir()
		hosts := filepath.Join(dir, "hosts")
		if err := os.WriteFile(hosts, []byte("127.0.0.1 localhost\n"), 0o644); err != nil {
			s.Fatal(err)
		}
		specs = append(specs, noderuntime.Spec{Testbed: s.testbed, Node: fmt.Sprint("n", s.next),
			Args: []string{runtimetest.Agent}, Dir: dir, HostsAt: hosts, Run: s.run(), Secret: s.secret()})
		s.next++
	}
	return specs
}

// removeNodes removes the nodes of machines, and looks that none is left.
func (s *suite) removeNodes(on []*carrier.Agent) {
	s.Helper()
	for _, a := range on {
		if err := a.Runtime().Remove(context.Background(), s.testbed, nil); err != nil {
			s.Error(err)
		}
		if found, err := a.Runtime().Find(context.Background(), s.testbed); err != nil || len(found) > 0 {
			s.Errorf("left on %s: %v, %v", a.Machine.Name, found, err)
		}
	}
}

// api is the client of a machine's engine.
func (s *suite) api(n int) *client.Client {
	s.Helper()
	api, err := client.NewClientWithOpts(client.WithHost(s.at.Engine(n)), client.WithAPIVersionNegotiation())
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = api.Close() })
	return api
}

// containers are the agents of the testbed that a machine has, without a Swarm's relays.
func (s *suite) containers(n int) []container.Summary {
	s.Helper()
	found, err := s.api(n).ContainerList(context.Background(), container.ListOptions{All: true,
		Filters: agents.Of(s.testbed)})
	if err != nil {
		s.Fatal(err)
	}
	return slices.DeleteFunc(found, func(c container.Summary) bool { return !strings.Contains(c.Command, agents.Command) })
}

// nothingIsLeft fails where a machine still has a container, which may be about to go.
func (s *suite) nothingIsLeft() {
	for n := 1; n <= s.at.Count; n++ {
		var left []container.Summary
		var err error
		if !testenv.Holds(func() bool {
			left, err = s.api(n).ContainerList(context.Background(), container.ListOptions{All: true})
			return err == nil && len(left) == 0
		}) {
			var names []string
			for _, c := range left {
				names = append(names, fmt.Sprint(c.Names, " ", c.Command))
			}
			s.Errorf("machine %d still has %q (%v)", n, names, err)
		}
	}
}
