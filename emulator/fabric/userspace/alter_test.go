package userspace

import (
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// TestTablesAreMadeWhilePacketsFlow: what a new state shares with the table in force, whose paths the core's
// thread searches at the same time, is not touched. Only the race detector sees it.
func TestTablesAreMadeWhilePacketsFlow(t *testing.T) {
	const hosts = 26
	n := star(t, hosts, topology.Duplex,
		topology.Shape{Rate: units.Gbps, Delay: time.Millisecond}, topology.Shape{Rate: units.Gbps})
	table, err := newTable(n, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := newCore(table, discard{})
	state, err := stateOf(n)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan int)
	go func() {
		for from := range hosts {
			for to := range hosts {
				c.arrive(table.ports[from], 0, frame(from, to, 100, 0)) // to itself none is carried
			}
		}
		done <- len(c.events)
	}()
	for range 50 {
		if _, _, err := table.withState(state); err != nil {
			t.Error(err)
		}
		if _, err := newTable(n, table); err != nil {
			t.Error(err)
		}
		table.computeTrees()
	}
	if got := <-done; got != hosts*(hosts-1) {
		t.Errorf("%d packets under way, want %d", got, hosts*(hosts-1))
	}
}
