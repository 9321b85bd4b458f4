package runtimetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
)

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
	lasts := 300 * time.Millisecond
	testenv.Repeat(s.T, 4, func() error { // before anybody looked it may be over: the next one lasts longer
		if code, _, errs := s.probe(n, "", "orphan", lasts.String()); code != 0 {
			s.Fatalf("status %d: %s", code, errs)
		}
		lasts *= 5
		if f := s.facts(n); f.Orphans != 1 {
			return fmt.Errorf("process 1 has %d children, want the orphan", f.Orphans)
		}
		return nil
	})
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
	overlay := func(line string) bool { return strings.Contains(line, " - overlay ") }
	lines := slices.DeleteFunc(strings.Split(string(data), "\n"), overlay)
	return strings.Join(lines, "\n")
}
