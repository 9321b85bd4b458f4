package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"testbed/emulator/hostload"
	"testbed/emulator/record"
	"testbed/emulator/record/recordtest"
	"testbed/emulator/topology"
)

// twoMachines is a testbed whose pi is on machine a, and all else on b.
type twoMachines struct {
	*bed
	reads  atomic.Int64
	told   atomic.Int64
	failed error
}

func (b *twoMachines) Machines() []string { return []string{"a", "b"} }

func (b *twoMachines) MachineOf(id topology.ID) string {
	if b.e.Topology.Vertices[id].Name == "pi" {
		return "a"
	}
	return "b"
}

func (b *twoMachines) Carriers() func(string, int) string {
	return func(link string, dir int) string { return fmt.Sprint(link, "-", dir) }
}

// Counted is machines whose processors are idle for half of the time, of which b loses a tenth to others.
func (b *twoMachines) Counted(context.Context) map[string]hostload.Texts {
	n := b.reads.Add(1)
	return map[string]hostload.Texts{
		"a": {Stat: fmt.Sprintf("cpu %d 0 0 %d 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n", 50*n, 50*n)},
		"b": {Stat: fmt.Sprintf("cpu %d 0 0 %d 0 0 0 %d 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n", 40*n, 50*n, 10*n)},
	}
}

func (b *twoMachines) Synchronise(_ context.Context, nodes []topology.ID) (time.Duration, error) {
	b.told.Add(int64(len(nodes)))
	return 40 * time.Microsecond, b.failed
}

// TestRunOnSeveralMachines: samples say where they are from, and how well instants are known.
func TestRunOnSeveralMachines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		two := &twoMachines{bed: b}
		c.Bed = two
		o, err := Run(t.Context(), c)
		if err != nil || o.Failures() != 0 {
			t.Fatalf("%v, %+v", err, o)
		}
		m := concluded(t, o)
		if n := two.told.Load(); n == 0 || n%int64(len(b.Stations())) != 0 {
			t.Errorf("%d times a node was told of its clock", n)
		}
		v := m.Validity
		if v.ClockError != 40e-6 || len(v.Machines) != 2 || v.Machines[0].Machine != "a" || v.Machines[1].Idle != 0.5 ||
			v.Machines[1].Steal != 0.1 {
			t.Errorf("%+v", v)
		}
		chains, err := recordtest.Chains(o.Dir)
		if err != nil || len(chains) == 0 {
			t.Fatal(err)
		}
		for i := range chains {
			if want := two.of(chains[i].Client); chains[i].Machine != want {
				t.Errorf("chain of %s on machine %q, want %s", chains[i].Client, chains[i].Machine, want)
			}
		}
		two.checkSteps(t, o.Dir)
		two.checkObserved(t, o.Dir)
	})
}

func (b *twoMachines) of(node string) string {
	if node == "pi" {
		return "a"
	}
	return "b"
}

// checkSteps wants the machines of each step, and the clocks' error of those between two.
func (b *twoMachines) checkSteps(t *testing.T, dir string) {
	t.Helper()
	points, err := recordtest.Points(dir, "step")
	if err != nil {
		t.Fatal(err)
	}
	crossed := 0
	for _, p := range points {
		from, to := b.of(p.Text("from")), b.of(p.Text("to"))
		want := 0.0
		if from != to {
			want = 40e-6
			crossed++
		}
		if p.Text("from_machine") != from || p.Text("to_machine") != to || p.Number("clock_error_s") != want {
			t.Errorf("%+v", p.Fields)
		}
	}
	if crossed == 0 || crossed == len(points) {
		t.Errorf("%d of %d steps are between machines: the test shows nothing", crossed, len(points))
	}
}

// checkObserved wants each queue's machine, and the load of each.
func (b *twoMachines) checkObserved(t *testing.T, dir string) {
	t.Helper()
	links, err := recordtest.Points(dir, "link")
	hosts, err2 := recordtest.Points(dir, "host")
	if err := errors.Join(err, err2); err != nil || len(links) == 0 {
		t.Fatalf("%v, %d samples of links", err, len(links))
	}
	for _, p := range links {
		if p.Tags["machine"] != p.Tags["link"]+"-"+p.Tags["dir"] {
			t.Errorf("%+v", p.Tags)
		}
	}
	var of []string
	for _, p := range hosts {
		of = append(of, p.Tags["machine"])
		if p.Tags["machine"] == "b" && (p.Number("cpu_busy") != 0.5 || p.Number("cpu_steal") != 0.1) {
			t.Errorf("%+v", p.Fields)
		}
	}
	if !slices.Contains(of, "a") || !slices.Contains(of, "b") {
		t.Errorf("the load of %q", of)
	}
}

// TestARunNeedsOneClock: where nodes cannot be told of it, nothing is replayed.
func TestARunNeedsOneClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := newBed(t, "")
		why := errors.New("the clock of machine b is not known")
		c.Bed = &twoMachines{bed: b, failed: why}
		o, err := Run(t.Context(), c)
		if !errors.Is(err, why) {
			t.Fatalf("%v", err)
		}
		m := concluded(t, o)
		if m.Exit != record.Failed || !strings.Contains(m.Error, "the nodes' clocks") || len(m.Models) > 0 {
			t.Errorf("%+v", m)
		}
	})
}
