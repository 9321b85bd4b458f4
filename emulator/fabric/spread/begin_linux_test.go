package spread

import (
	"context"
	"fmt"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
)

// TestTracesOfACutLink: each direction's is followed by the machine that has the queue, from the same instant on, also
// after another process has changed the network.
func TestTracesOfACutLink(t *testing.T) {
	n := across(t)
	id, _ := n.Topology.Lookup("s-b")
	for dir := range 2 {
		trace, err := linktrace.Parse("short", []byte("1\n7\n10\n"), linktrace.Options{WithRun: true})
		if err == nil {
			err = n.Topology.Follow(topology.Channel{Link: id, Dir: dir}, trace)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	n.Queues = n.Topology.QueueLimits()
	b := newBed(n.Testbed, t.TempDir(), newLocal(t.TempDir()), newLocal(t.TempDir()))
	f := b.fabric()
	t.Cleanup(func() { _ = f.Close(context.Background()) })
	if err := f.Apply(t.Context(), n.Network); err != nil {
		t.Fatal(err)
	}
	reaches(t, n, "a", "b")

	// Both have one clock here, which they do not know: a host that is busy while they learn it spoils that.
	testenv.Repeat(t, 5, func() error {
		n.Network.Run = monotonic() - int64(3*time.Second)
		if err := f.Reshape(t.Context(), n.Network); err != nil {
			t.Fatal(err)
		}
		first := begins(t, f)
		for _, at := range first {
			if off := time.Duration(at - n.Network.Run); off.Abs() > 20*time.Millisecond {
				return fmt.Errorf("a trace began %v beside the run", off)
			}
		}
		other := b.fabric()
		n.Topology.Vertices[id].Shape[0].Delay = 3 * time.Millisecond
		if err := other.Reshape(t.Context(), n.Network); err != nil {
			t.Fatal(err)
		}
		for i, at := range begins(t, other) {
			if off := time.Duration(at - first[i]); off.Abs() > 20*time.Millisecond {
				return fmt.Errorf("by the change of another process the trace began %v later", off)
			}
		}
		return nil
	})
	reaches(t, n, "a", "b")
}

// begins are when the traces of s-b did.
func begins(t *testing.T, f fabric.Fabric) (all []int64) {
	t.Helper()
	status, err := f.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range status.Queues {
		if q.Link == "s-b" {
			all = append(all, q.Began)
		}
	}
	if len(all) != 2 || all[0] == 0 || all[1] == 0 {
		t.Fatalf("traces began at %v", all)
	}
	return all
}

// TestARunBeginsOnce: a machine keeps to the first that it was told of a run.
func TestARunBeginsOnce(t *testing.T) {
	c := &carried{}
	for _, step := range []struct{ run, here, want int64 }{{0, 0, 0}, {5, 70, 70}, {5, 71, 70}, {5, 0, 0}, {0, 3, 0},
		{5, 72, 70}, {6, 80, 80}} {
		if got := c.begins(step.run, step.here); got != step.want {
			t.Errorf("run %d, told %d: %d instead of %d", step.run, step.here, got, step.want)
		}
	}
}
