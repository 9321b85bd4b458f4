package carriertest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/measure"
	"testbed/emulator/fabric/spread"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/remote"
	"testbed/emulator/topology"
)

// crossed is the delay of each link between two machines.
const crossed = 5 * time.Millisecond

// chain is a network of a node on each machine, with a switch each, and a link between the switches of each two.
func (s *suite) chain(on []*carrier.Agent, nodes []noderuntime.Node) (fabric.Network, machines.Partition) {
	s.Helper()
	n := fabric.Network{Testbed: s.testbed, Topology: topology.New(s.testbed), Seed: 1}
	p := machines.Partition{Of: map[string]int{}, Floor: time.Millisecond}
	add := func(v topology.Vertex) topology.ID {
		id, err := n.Topology.Add(v)
		if err != nil {
			s.Fatal(err)
		}
		return id
	}
	join := func(name string, a, b topology.ID, shape topology.Shape) {
		link := add(topology.Vertex{Name: name, Kind: topology.Link, Shape: [2]topology.Shape{shape, shape}})
		n.Topology.Join(link, a, 0)
		n.Topology.Join(link, b, 0)
	}
	var before topology.ID
	for i, a := range on {
		p.Machines = append(p.Machines, a.Machine)
		host := add(topology.Vertex{Name: nodes[i].Node})
		at := add(topology.Vertex{Name: fmt.Sprint("at", i), Kind: topology.Switch})
		p.Of[nodes[i].Node], p.Of[fmt.Sprint("at", i)] = i, i
		join(fmt.Sprint("access", i), host, at, topology.Shape{})
		if i > 0 {
			join(fmt.Sprint("line", i), before, at, topology.Shape{Delay: crossed})
		}
		before = at
		ref := nodes[i].Namespace()
		ref.Machine = a.Machine.ID
		addr := netip.AddrFrom4([4]byte{10, 9, 0, byte(i + 1)})
		n.Stations = append(n.Stations, fabric.Station{ID: host, NetNS: ref, Addr: netip.PrefixFrom(addr, 24)})
	}
	n.Queues = n.Topology.QueueLimits()
	return n, p
}

// nodesGetANetwork: the agents carry it, each its part, at the addresses that the machines have; it ends with them.
func (s *suite) nodesGetANetwork() {
	on := s.start(s.machines())
	nodes := s.nodes(on)
	n, p := s.chain(on, nodes)
	at := func(id string) remote.Opener {
		return on[slices.IndexFunc(on, func(a *carrier.Agent) bool { return a.Machine.ID == id })]
	}
	f := spread.New(spread.Config{Testbed: s.testbed, Dir: filepath.Join(s.TempDir(), "records"), At: at,
		Partition: func(fabric.Network) (machines.Partition, error) { return p, nil }})
	begin := time.Now()
	if err := f.Apply(context.Background(), n); err != nil {
		s.Fatal(err)
	}
	s.Logf("up after %v", time.Since(begin))
	s.echoes(n, nodes)
	h, err := f.Health(context.Background(), 0, false)
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range h.Crossings {
		if c.Lost > 0 || !c.Connected || c.Of == c.Machine {
			s.Errorf("%+v", c)
		}
	}
	floors, err := spread.Floors(context.Background(), p.Machines, at, nil)
	if err != nil || len(floors) != len(on)*(len(on)-1)/2 {
		s.Errorf("floors: %v, %v", floors, err)
	}
	s.Logf("floors: %v", floors)
	s.endsWithItsAgent(f)
	if err := carrier.CloseAll(on); err != nil {
		s.Error(err)
	}
	if _, err := s.carrier.Remove(context.Background(), s.testbed); err != nil {
		s.Error(err)
	}
	s.removeNodes(s.start(s.machines()))
}

// echoes measures round trips from the first node to all others.
func (s *suite) echoes(n fabric.Network, nodes []noderuntime.Node) {
	s.Helper()
	for i := 1; i < len(nodes); i++ { // the machines of scripts/machines have the numbers of this one's processes
		want := time.Duration(2*i) * crossed
		testenv.Repeat(s.T, 3, func() error { // an echo that a host kept waiting counts as lost
			all, err := measure.RTT(context.Background(), nodes[0].Namespace(), n.Stations[i].Addr.Addr(), 10, time.Millisecond)
			slices.Sort(all)
			if err != nil {
				return err
			}
			if len(all) < 8 {
				return fmt.Errorf("%s: %v, want ten of %v", nodes[i].Node, all, want)
			}
			if all[0] < want-time.Millisecond {
				s.Errorf("%s: %v, want %v", nodes[i].Node, all, want)
			}
			s.Logf("%s: median %v beyond %v", nodes[i].Node, quantile.Above(all, 0.5)-want, want)
			return nil
		})
	}
}

// endsWithItsAgent: a machine's part of the network does, and Close removes the others'.
func (s *suite) endsWithItsAgent(f *spread.Fabric) {
	s.Helper()
	victim := s.containers(2)
	found, err := s.api(2).ContainerInspect(context.Background(), victim[0].ID)
	if err != nil {
		s.Fatal(err)
	}
	watched := make(chan error, 1)
	go func() { watched <- f.Watch(context.Background()) }()
	if err := syscall.Kill(found.State.Pid, syscall.SIGKILL); err != nil {
		s.Fatal(err)
	}
	if err := <-watched; !errors.Is(err, spread.ErrNoAnswer) {
		s.Errorf("an agent was killed: %v", err)
	}
	if err := f.Close(context.Background()); !errors.Is(err, spread.ErrNoAnswer) {
		s.Errorf("close without one of the agents: %v", err)
	}
	testenv.Eventually(s.T, "no process of the network is left", func() bool {
		left, err := userspace.Processes(s.testbed)
		return err == nil && len(left) == 0
	})
}
