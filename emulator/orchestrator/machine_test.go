package orchestrator

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/fake"
	"testbed/emulator/noderuntime"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// newMachine is a host on a machine in memory, and a testbed "one" that is up on it.
func newMachine(t *testing.T) (*fake.Machine, *Host, *Bed) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("testbeds run on Linux only")
	}
	m := fake.New()
	fine := func(context.Context) error { return nil }
	h := &Host{Store: Store(filepath.Join(t.TempDir(), "store")), Key: filepath.Join(t.TempDir(), "key"), Subnet: m.Subnet,
		Runtimes: []RuntimeOption{{Runtime: m.Runtime("process"), Supported: fine}},
		Fabrics: []FabricOption{{Name: "userspace", Supported: fine, New: func(_, testbed string) fabric.Fabric {
			return m.Fabric("userspace", testbed)
		}}}}
	bed, err := h.Up(t.Context(), requestFor(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Down(context.Background(), "one", nil); err != nil {
			t.Error(err)
		}
		if !m.Empty() {
			t.Error("something is left after down")
		}
	})
	return m, h, bed
}

// requestFor is a request whose nodes are without agents.
func requestFor(t *testing.T, name string) Request {
	r := requestOf(t, name)
	r.Node = func(s Station, _ string) NodeConfig { return NodeConfig{} }
	return r
}

// queue is what is in force of the first queue of a link.
func queue(t *testing.T, b *Bed, link string) fabric.QueueStatus {
	t.Helper()
	status, err := b.Fabric.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range status.Queues {
		if q.Link == link && q.Dir == 0 {
			return q
		}
	}
	t.Fatalf("no queue of %s in %+v", link, status.Queues)
	return fabric.QueueStatus{}
}

// setRate is a change of the first direction of the link "line".
func setRate(r units.BitRate) func(*fabric.Network) error {
	return func(n *fabric.Network) error {
		id, _ := n.Topology.Lookup("line")
		n.Topology.Vertices[id].Shape[0].Rate = r
		return nil
	}
}

// delays is an overlay that sets the delay of that queue, and takes "gw" down.
func delays(t *testing.T, b *Bed, d time.Duration) fabric.Overlay {
	t.Helper()
	n, err := b.Origin()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := n.Topology.Lookup("line")
	was := n.Topology.Vertices[id].Shape[0]
	now := was
	now.Delay = d
	return fabric.Overlay{Queues: []fabric.QueueOverlay{{Channel: topology.Channel{Link: id}, Was: was, Now: now}}}
}

// asWanted opens the testbed anew and compares what is with what a request wants.
func asWanted(t *testing.T, h *Host, r Request) {
	t.Helper()
	b, err := h.Open(t.Context(), r.Testbed)
	if err != nil {
		t.Fatal(err)
	}
	found, err := b.Compare(t.Context(), r)
	if err != nil || found.structural() || len(found.Links)+len(found.Wanted) > 0 || found.Fabric != "" {
		t.Errorf("not as wanted: %+v, %v", found, err)
	}
	status, err := b.Fabric.Inspect(t.Context())
	if err != nil || len(status.Stations) != len(r.Topology.Attached()) {
		t.Errorf("%d stations, %v", len(status.Stations), err)
	}
	for _, s := range status.Stations {
		if !s.Attached {
			t.Errorf("%s is not attached", s.Name)
		}
	}
	if nodes := b.Nodes(); len(nodes) != len(status.Stations) {
		t.Errorf("%d nodes", len(nodes))
	}
	for _, n := range b.Nodes() {
		if n.State != noderuntime.Running {
			t.Errorf("%s is %s", n.Name, n.State)
		}
	}
}
