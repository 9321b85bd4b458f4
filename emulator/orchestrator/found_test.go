package orchestrator

import (
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// TestARunIsToldWhatItFinds: in what the network is not as the scenario says when a run begins, by whom, and nothing of
// what was undone before or is the scenario's own.
func TestARunIsToldWhatItFinds(t *testing.T) {
	_, _, b := newMachine(t)
	ctx := t.Context()
	carry := func(name string, packets bool) func(*fabric.Network) error {
		return func(n *fabric.Network) error {
			id, _ := n.Topology.Lookup(name)
			n.Down = nil
			if !packets {
				n.Down = []topology.ID{id}
			}
			return nil
		}
	}
	part := func(groups ...string) func(*fabric.Network) error {
		return func(n *fabric.Network) error {
			n.Partition = nil
			for _, name := range groups {
				id, _ := n.Topology.Lookup(name)
				n.Partition = append(n.Partition, []topology.ID{id})
			}
			return nil
		}
	}
	edge := func(d time.Duration) func(*fabric.Network) error {
		return func(n *fabric.Network) error {
			id, _ := n.Topology.Lookup("line")
			for i := range n.Topology.Adjacency[id] {
				n.Topology.Adjacency[id][i].Delay = d
			}
			return nil
		}
	}
	before, err := b.Network()
	if err != nil {
		t.Fatal(err)
	}
	line, _ := before.Topology.Lookup("line")
	was, delay := before.Topology.Vertices[line].Shape[0].Rate, before.Topology.Adjacency[line][0].Delay
	host := before.Topology.Vertices[before.Stations[0].ID].Name
	for _, c := range []struct {
		origin          string
		change          func(*fabric.Network) error // nil: the scenario is applied
		changed, silent string                      // in what is told; empty: nothing is
		by              []string
	}{
		{"nobody", func(*fabric.Network) error { return nil }, "", "", nil},
		{"link set", setRate(3 * units.Mbps), "line (from gw): rate 3Mbps, was ", "", []string{"nobody", "link set"}},
		{"link set again", setRate(4 * units.Mbps), "rate 4Mbps", "", []string{"nobody", "link set", "link set again"}},
		{"undone", setRate(was), "", "", nil},
		{"link down", carry("line", false), "", "link line is down", nil},
		{"link down a host", carry(host, false), "", "host " + host + " is down", nil},
		{"link up", carry("line", true), "", "", nil},
		{"parted", part(host), "", "parted", nil},
		{"whole", part(), "", "", nil},
		{"an edge", edge(delay + time.Millisecond), "delay", "", nil},
		{"apply", nil, "", "", nil},
		{"after apply", setRate(3 * units.Mbps), "rate 3Mbps", "", []string{"after apply"}},
	} {
		var err error
		if c.change == nil {
			_, err = b.Reconcile(ctx, c.origin, requestFor(t, "one"))
		} else {
			err = b.Update(ctx, c.origin, c.change)
		}
		if err != nil {
			t.Fatalf("%s: %v", c.origin, err)
		}
		lease, err := b.Begin(ctx, "a-run")
		if err != nil {
			t.Fatalf("%s: %v", c.origin, err)
		}
		// What somebody measures meanwhile changes nothing.
		if err := b.Note(ctx, "verify", Traffic, "links were measured"); err != nil {
			t.Fatal(err)
		}
		lease.End()
		f := lease.Found()
		changed, silent := strings.Join(f.Changed, "\n"), strings.Join(f.Silent, "\n")
		if (changed == "") != (c.changed == "") || !strings.Contains(changed, c.changed) ||
			(silent == "") != (c.silent == "") || !strings.Contains(silent, c.silent) {
			t.Errorf("%s: %+v, %q", c.origin, f.Changed, f.Silent)
		}
		if c.by != nil && !slices.Equal(f.By, c.by) || slices.Contains(f.By, "verify") ||
			changed == "" && silent == "" && len(f.By) > 0 {
			t.Errorf("%s: by %q", c.origin, f.By)
		}
		now, err := b.Network()
		if err != nil || len(fabric.Changes(f.Network, now)) > 0 {
			t.Errorf("%s: it is told of another network: %v", c.origin, err)
		}
	}
}
