package runtimetest

import (
	"context"
	"errors"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
	"testbed/emulator/noderuntime"
)

// key is what the secrets of the suite's testbeds are derived from.
var key = noderuntime.NewSecret()

// Secret is the secret of a testbed of the suite, as a runtime that verifies signatures is to know it.
func Secret(testbed, run string) noderuntime.Secret { return key.Derive(testbed, run) }

func (s *suite) alive(nodes []noderuntime.Node) []noderuntime.Node {
	s.Helper()
	all, err := s.runtime.Inspect(context.Background(), nodes)
	if err != nil {
		s.Fatal(err)
	}
	return Alive(all)
}

// aliveAreThoseMeant: a node is neither its name nor its number.
func (s *suite) aliveAreThoseMeant() {
	bed := s.prefix + "alive"
	nodes := s.start(bed, 3)
	if got := s.alive(nodes); !slices.Equal(got, nodes) {
		s.Errorf("alive are %v, want %v", got, nodes)
	}
	for name, change := range map[string]func(*noderuntime.Node){
		"its number is another node's": func(n *noderuntime.Node) { n.PID = nodes[1].PID },
		"its number is ours":           func(n *noderuntime.Node) { n.PID = os.Getpid() },
		"it started at another time":   func(n *noderuntime.Node) { n.Start++ },
		"its namespace is another":     func(n *noderuntime.Node) { n.Inode = nodes[1].Inode },
		"nothing is known of it":       func(n *noderuntime.Node) { n.PID, n.Start, n.Inode = 0, 0, 0 },
	} {
		other := nodes[0]
		change(&other)
		if got := s.alive([]noderuntime.Node{other, nodes[2]}); !slices.Equal(got, nodes[2:]) {
			s.Errorf("%s: alive are %v, want %v", name, got, nodes[2:])
		}
		args := []string{s.binary, Probe, "exit", "0"}
		_, err := s.runtime.Exec(context.Background(), other, args, noderuntime.Stdio{})
		if !errors.Is(err, noderuntime.ErrNoSuchNode) {
			s.Errorf("%s: a command in it gives %v, want that there is no such node", name, err)
		}
	}
	if err := syscall.Kill(nodes[1].PID, syscall.SIGKILL); err != nil {
		s.Fatal(err)
	}
	s.eventually("the killed node is not alive", func() bool {
		return slices.Equal(s.alive(nodes), []noderuntime.Node{nodes[0], nodes[2]})
	})
}

// nodesAreKnownExactly holds what is recorded of nodes against the kernel.
func (s *suite) nodesAreKnownExactly() {
	nodes := s.start(s.prefix+"exact", 2)
	for _, n := range nodes {
		p, err := proc.OpenStarted(n.PID, n.Start)
		if err != nil {
			s.Fatal(err)
		}
		inode, err := p.NamespaceID("net")
		p.Close()
		if err != nil || inode != n.Inode || n.Inode == 0 {
			s.Errorf("%s: namespace %d, recorded %d (%v)", n.Node, inode, n.Inode, err)
		}
		file, err := n.Namespace().Open()
		if err != nil {
			s.Fatal(err)
		}
		file.Close()
	}
}

// removeTakesThoseRecorded: a record that lies of a node does no harm to whoever has its number.
func (s *suite) removeTakesThoseRecorded() {
	bed, other := s.prefix+"mine", s.prefix+"theirs"
	mine, theirs := s.start(bed, 2), s.start(other, 1)
	forged := []noderuntime.Node{theirs[0], theirs[0], mine[0]}
	forged[0].Testbed, forged[1].Testbed = bed, bed
	forged[0].Start++
	forged[1].Inode++
	if err := s.runtime.Remove(context.Background(), bed, forged); err != nil {
		s.Fatal(err)
	}
	if got := s.alive(theirs); !slices.Equal(got, theirs) {
		s.Errorf("of another testbed %v is left, want %v", got, theirs)
	}
	for _, n := range mine {
		if err := unix.Kill(n.PID, 0); !errors.Is(err, unix.ESRCH) {
			s.Errorf("%s is left: %v", n.Node, err)
		}
	}
}

// Alive are the nodes that run, or are paused, as they were started.
func Alive(all []noderuntime.Condition) []noderuntime.Node {
	var alive []noderuntime.Node
	for _, c := range all {
		if c.State == noderuntime.Running || c.State == noderuntime.Paused {
			alive = append(alive, c.Node)
		}
	}
	return alive
}
