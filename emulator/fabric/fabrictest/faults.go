package fabrictest

import (
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
)

// down: what is down lets nothing pass, and up again everything; packets take no other way.
func down(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	b.Hosts("a", "b", "c")
	b.Switch("s")
	b.Switch("u")
	quick, slow := topology.Shape{Delay: time.Millisecond}, topology.Shape{Delay: 5 * time.Millisecond}
	b.Cable("a", "s", quick, quick)
	b.Cable("c", "s", quick, quick)
	b.Cable("s", "b", quick, quick)
	b.Cable("a", "u", slow, slow)
	b.Cable("u", "b", slow, slow)
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	b.wantPass("a", "b", true)
	for _, c := range []struct {
		name   string
		ab, ac bool
	}{{"s-b", false, true}, {"s", false, false}, {"c", true, false}, {"u", true, true}} {
		b.SetDown(c.name)
		b.Apply(f)
		t.Logf("%s is down", c.name)
		b.wantPass("a", "b", c.ab)
		b.wantPass("a", "c", c.ac)
		if q := b.queue(f, "s-b", 0); q.Down != (c.name == "s-b") && c.name != "s" { // of a switch's links either may be told
			t.Errorf("%s is down, and s-b in force: %+v", c.name, q)
		}
		b.SetDown()
		b.Apply(f)
		b.wantPass("a", "b", true)
		b.wantPass("c", "a", true)
	}
	b.around("after all", "a", "b", 10, 4*time.Millisecond)
}

// underWay: packets that are beyond what goes down arrive.
func underWay(t *testing.T, newFabric NewFabric) {
	const delay, count = 500 * time.Millisecond, 20
	b := NewBench(t)
	b.Hosts("a", "b")
	b.Switch("s")
	counted := topology.Shape{Delay: time.Millisecond} // netem counts what has a discipline, and so something to do
	b.Cable("a", "s", counted, topology.Shape{})
	b.Cable("s", "b", topology.Shape{Delay: delay}, topology.Shape{})
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	arrived := make(chan int, 1)
	before := b.queue(f, "a-s", 0).Packets
	go func() {
		from, to := b.Station("a"), b.Station("b")
		all, err := Stream{Count: count, Quiet: 2 * delay}.Send(t.Context(), from.NetNS, to.NetNS, to.Addr.Addr())
		if err != nil {
			t.Error(err)
		}
		arrived <- len(all)
	}()
	testenv.Eventually(t, "the first link has carried all of them", func() bool {
		return b.queue(f, "a-s", 0).Packets >= before+count
	})
	b.SetDown("a-s")
	b.Apply(f)
	if got := <-arrived; got != count {
		t.Errorf("%d of %d packets arrive that had passed before the link went down", got, count)
	}
	b.SetDown()
	b.Apply(f)
}

func partition(t *testing.T, newFabric NewFabric) {
	b := NewBench(t)
	names := []string{"a", "b", "c", "d", "e"}
	b.Hosts(names...)
	b.Switch("s")
	for _, name := range names[:3] {
		b.Cable(name, "s", topology.Shape{}, topology.Shape{})
	}
	b.Medium("air", topology.Shape{Delay: time.Millisecond}, "s", "d", "e")
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	for _, c := range []struct {
		groups [][]string
		of     map[string]int
	}{
		{[][]string{{"a", "b"}, {"c", "d"}}, map[string]int{"a": 1, "b": 1, "c": 2, "d": 2, "e": 3}},
		{[][]string{{"d"}}, map[string]int{"d": 1}},
		{nil, nil},
	} {
		b.SetPartition(c.groups...)
		b.Apply(f)
		t.Logf("partition %v", c.groups)
		for i, from := range names {
			for j, to := range names {
				// One direction of each pair, now this, now that.
				if i != j && (i+j)%2 == 0 == (i < j) {
					b.wantPass(from, to, c.of[from] == c.of[to])
				}
			}
		}
	}
}
