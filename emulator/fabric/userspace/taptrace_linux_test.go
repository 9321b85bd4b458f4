package userspace

import (
	"bytes"
	"testing"

	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// TestTapsShowDeparturesWhereATraceBegins: packets that wait while it does leave at other instants than they were shown
// to, also where a filter leaves some of them out, and as one burst.
func TestTapsShowDeparturesWhereATraceBegins(t *testing.T) {
	n := following(t, written(t, "100\n100\n100\n200\n", linktrace.Options{WithRun: true}), nil)
	m := newModel(t, n)
	queue := m.table.index[topology.Channel{Link: mustLookup(t, n, "cablea")}]
	all, some := tapOn(m, queue, 1<<20, nil), tapOn(m, queue, 1<<20, filterFor(t, "greater 1000"))
	small := tapOn(m, queue, 1<<11, nil) // has room for two packets, and for no word of the trace
	for i, size := range []int{1514, 300, 1514, 600, 1514, 1514, 200, 1514} {
		m.send(10*ms, 0, frame(0, 1, size, byte(i)))
	}
	m.run(50 * ms)
	n.Run = 49 * ms
	state, err := stateOf(n)
	if err != nil {
		t.Fatal(err)
	}
	next, _, err := m.table.withState(state)
	if err != nil {
		t.Fatal(err)
	}
	m.install(next, 50*ms)
	m.run(1 << 40)
	frames, at := shown(t, all, 1<<40)
	if len(frames) != 8 || len(m.sent) != 8 || at[0] != 149*ms {
		t.Fatalf("%d frames at %v, and %d came", len(frames), at, len(m.sent))
	}
	filtered, atSome := shown(t, some, 1<<40)
	for i, s := range m.sent {
		if !bytes.Equal(frames[i], s.data[virtioLen:]) || at[i] != s.at {
			t.Errorf("packet %d left at %v, and is shown at %v", i, s.at, at[i])
		}
		if len(frames[i]) < 1000 {
			continue
		}
		if len(filtered) == 0 || !bytes.Equal(filtered[0], frames[i]) || atSome[0] != s.at {
			t.Fatalf("packet %d left at %v, and is shown to a filter at %v, or another is", i, s.at, atSome)
		}
		filtered, atSome = filtered[1:], atSome[1:]
	}
	if len(filtered) != 0 {
		t.Errorf("%d more are shown to a filter", len(filtered))
	}
	if frames, _ := shown(t, small, 1<<40); len(frames) != 2 || small.lost != 6+8 {
		t.Errorf("%d frames, and %d lost", len(frames), small.lost)
	}
}

// TestTapsShowABurstWhereItsLinkFollowsATraceFromNowOn.
func TestTapsShowABurstWhereItsLinkFollowsATraceFromNowOn(t *testing.T) {
	n := star(t, 2, topology.Duplex, topology.Shape{Rate: 300 * units.Mbps, Queue: units.MB}, topology.Shape{})
	m := newModel(t, n)
	link := mustLookup(t, n, "cablea")
	on := tapOn(m, m.table.index[topology.Channel{Link: link}], 1<<20, nil)
	for range 3 {
		m.send(ms, 0, tcpBurst(0, 1, 60_000, 1448))
	}
	m.run(2 * ms)
	if err := n.Topology.Follow(topology.Channel{Link: link}, written(t, "1\n", linktrace.Options{})); err != nil {
		t.Fatal(err)
	}
	m.change(n)
	m.run(1 << 40)
	_, at := shown(t, on, 1<<40)
	left := int64(0) // the last that was delivered
	for _, s := range m.sent {
		left = max(left, s.at)
	}
	// 126 segments of 1500 bytes, one a millisecond, but for those that left in the one before.
	if len(at) != 126 || at[125] != left || left < 80*ms {
		t.Errorf("%d segments until %v, and the last left at %v", len(at), at[max(len(at), 1)-1], left)
	}
}
