package runtimetest

import (
	"context"
	"errors"
	"slices"
	"syscall"

	"testbed/emulator/noderuntime"
)

// states are the states of nodes, which must be inspected as they were given.
func (s *suite) states(nodes ...noderuntime.Node) (states []noderuntime.State) {
	s.Helper()
	all, err := s.runtime.Inspect(context.Background(), nodes)
	if err != nil || len(all) != len(nodes) {
		s.Fatalf("%d conditions of %d nodes, %v", len(all), len(nodes), err)
	}
	for i, c := range all {
		if states = append(states, c.State); c.State != noderuntime.Restarted && c.Node != nodes[i] {
			s.Errorf("the condition is that of %v, want %v", c.Node, nodes[i])
		}
	}
	return states
}

// someOf starts only some of a testbed's nodes, by their numbers.
func (s *suite) someOf(specs []noderuntime.Spec, numbers ...int) []noderuntime.Node {
	s.Helper()
	var some []noderuntime.Spec
	for _, i := range numbers {
		some = append(some, specs[i])
	}
	nodes, err := s.runtime.Start(context.Background(), some, nil)
	if err != nil || len(nodes) != len(numbers) {
		s.Fatalf("%d nodes, %v", len(nodes), err)
	}
	return nodes
}

// running are the states of n nodes that run.
func running(n int) []noderuntime.State {
	return slices.Repeat([]noderuntime.State{noderuntime.Running}, n)
}

func (s *suite) oneMoreBesideOthers() {
	bed := s.prefix + "more"
	specs := s.specs(bed, 4, Agent)
	nodes := s.someOf(specs, 0, 2)
	nodes = append(nodes, s.someOf(specs, 1)...)
	specs[3].Run, specs[3].Secret = bed+"-2", s.secret(bed, bed+"-2") // as a later bringing up would have it
	nodes = append(nodes, s.someOf(specs, 3)...)
	if got := s.states(nodes...); !slices.Equal(got, running(4)) {
		s.Errorf("they are %v", got)
	}
	if got := s.list(bed); len(got) != 4 {
		s.Errorf("found %v, want four", got)
	}
	for _, n := range nodes {
		if f := s.facts(n); f.Host != n.Node {
			s.Errorf("%s calls itself %s", n.Node, f.Host)
		}
	}
	if err := s.runtime.Remove(context.Background(), bed, nodes[:2]); err != nil {
		s.Fatal(err)
	}
	if got := s.list(bed); len(got) != 0 {
		s.Errorf("left: %v", got)
	}
}

func (s *suite) aNodeThatRunsIsRefused() {
	bed := s.prefix + "again"
	specs := s.specs(bed, 3, Agent)
	nodes := s.someOf(specs, 0, 1)
	_, err := s.runtime.Start(context.Background(), []noderuntime.Spec{specs[2], specs[1]}, nil)
	if !errors.Is(err, noderuntime.ErrRuns) {
		s.Errorf("got %v, want that n1 is there", err)
	}
	if got := s.list(bed); !slices.Equal(got, nodes) {
		s.Errorf("there are %v, want %v", got, nodes)
	}
}

func (s *suite) failedStartLeavesOthersAlone() {
	bed := s.prefix + "beside"
	specs := s.specs(bed, 4, Agent)
	nodes := s.someOf(specs, 0, 1)
	specs[2].Args = []string{DyingAgent}
	if _, err := s.runtime.Start(context.Background(), specs[2:], nil); err == nil {
		s.Error("a node that dies was started")
	}
	if got := s.list(bed); !slices.Equal(got, nodes) {
		s.Errorf("there are %v, want %v", got, nodes)
	}
	if got := s.states(nodes...); !slices.Equal(got, running(2)) {
		s.Errorf("the others are %v", got)
	}
	specs[2].Args = []string{Agent}
	s.someOf(specs, 2, 3) // nothing is in the way
}

func (s *suite) stopTakesThoseMeant() {
	bed := s.prefix + "stop"
	specs := s.specs(bed, 5, Agent)
	nodes := s.someOf(specs, 0, 1, 2, 3, 4)
	if err := syscall.Kill(nodes[1].PID, syscall.SIGKILL); err != nil {
		s.Fatal(err)
	}
	if err := syscall.Kill(nodes[2].PID, syscall.SIGSTOP); err != nil {
		s.Fatal(err)
	}
	dead := func() bool { return s.states(nodes[1])[0] == noderuntime.Dead }
	s.eventually("the killed node is dead", dead)
	for range 2 {
		if err := s.runtime.Stop(context.Background(), nodes[:3]); err != nil {
			s.Fatal(err)
		}
		want := append([]noderuntime.State{noderuntime.Dead, noderuntime.Dead, noderuntime.Dead}, running(2)...)
		if got := s.states(nodes...); !slices.Equal(got, want) {
			s.Errorf("they are %v, want %v", got, want)
		}
	}
	lie := nodes[3] // a record that is wrong takes nothing
	lie.Node, lie.Start, lie.Inode = "n4", lie.Start+1, lie.Inode+1
	if err := s.runtime.Stop(context.Background(), []noderuntime.Node{lie, {Testbed: bed, Node: "n4"}}); err != nil {
		s.Fatal(err)
	}
	if got := s.states(nodes[3:]...); !slices.Equal(got, running(2)) {
		s.Errorf("those that nobody meant are %v", got)
	}
	again := s.someOf(specs, 0, 1, 2) // the names are free, also those of dead ones
	if got := s.states(append(again, nodes[3:]...)...); !slices.Equal(got, running(5)) {
		s.Errorf("they are %v", got)
	}
	if err := s.runtime.Remove(context.Background(), bed, nodes); err != nil { // by the old record
		s.Fatal(err)
	}
	if got := s.list(bed); len(got) != 0 {
		s.Errorf("left: %v", got)
	}
}

func (s *suite) stoppedProcessesArePaused() {
	bed := s.prefix + "paused"
	nodes := s.start(bed, 2)
	if err := syscall.Kill(nodes[0].PID, syscall.SIGSTOP); err != nil {
		s.Fatal(err)
	}
	want := []noderuntime.State{noderuntime.Paused, noderuntime.Running}
	s.eventually("the stopped node is paused", func() bool { return slices.Equal(s.states(nodes...), want) })
	if got := s.alive(nodes); !slices.Equal(got, nodes) {
		s.Errorf("alive are %v, want both", got)
	}
	if err := syscall.Kill(nodes[0].PID, syscall.SIGCONT); err != nil {
		s.Fatal(err)
	}
	s.eventually("it runs again", func() bool { return slices.Equal(s.states(nodes...), running(2)) })
	if err := syscall.Kill(nodes[1].PID, syscall.SIGSTOP); err != nil {
		s.Fatal(err)
	}
	if err := s.runtime.Remove(context.Background(), bed, nodes); err != nil {
		s.Fatal(err)
	}
}
