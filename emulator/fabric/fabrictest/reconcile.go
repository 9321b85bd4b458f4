package fabrictest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
)

// unsettable is a variable that no kernel has.
const unsettable = "net/ipv4/tb_no_such_variable"

// wheel is a star of hosts around the switch hub, whose cables have a delay of 1 ms each way.
func wheel(t *testing.T, hosts ...string) *Bench {
	b := NewBench(t)
	b.Switch("hub")
	for _, name := range hosts {
		b.Hosts(name)
		b.spoke(name)
	}
	return b
}

func (b *Bench) spoke(name string) {
	there, back := duplex(0, time.Millisecond)
	b.Cable(name, "hub", there, back)
}

// halfWay: a change that fails half-way, whatever of it is in force by then, is no obstacle to the next one.
func halfWay(t *testing.T, newFabric NewFabric) {
	b := wheel(t, "a", "b", "c")
	f := newFabric(t, b.Testbed)
	fails := func(what string) {
		t.Helper()
		c := b.index("c")
		b.Stations[c].Sysctls[unsettable] = "1"
		var absent *fabric.AbsentError
		if err := b.try(f); err == nil || errors.As(err, &absent) {
			t.Errorf("%s, and a variable that does not exist: %v", what, err)
		}
		delete(b.Stations[c].Sysctls, unsettable)
	}
	fails("nothing there")
	b.Apply(f)
	b.wantAttached(f)
	b.takes("made after a failure", "a", "c", 4*time.Millisecond)

	b.Shape("a-hub", 0, topology.Shape{Delay: 9 * time.Millisecond})
	fails("a change of a link")
	b.Shape("a-hub", 0, topology.Shape{Delay: 4 * time.Millisecond})
	b.Apply(f)
	b.wantAttached(f)
	b.takes("changed after a failure", "a", "b", 7*time.Millisecond)

	b.Hosts("d")
	b.spoke("d")
	fails("a host more")
	b.Remove("d", "d-hub", "b", "b-hub")
	b.Hosts("e")
	b.spoke("e")
	b.Apply(newFabric(t, b.Testbed))
	b.wantAttached(f)
	b.takes("another network after a failure", "e", "c", 4*time.Millisecond)
}

// handMade: what somebody has done in a station's namespace is told by Inspect and mended by Apply.
func handMade(t *testing.T, newFabric NewFabric) {
	b := wheel(t, "a", "b", "c")
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	b.rtt("a", "b", 2)
	for _, d := range damages {
		t.Log(d.name)
		b.inside("a", d.do)
		if s := b.status(f, "a"); s.Note == "" {
			t.Errorf("%s: Inspect says nothing of it: %+v", d.name, s)
		}
		if s := b.status(f, "b"); s.Note != "" || !s.Attached {
			t.Errorf("%s, and of another station Inspect says %+v", d.name, s)
		}
		b.rtt("b", "c", 2)
		b.Apply(f)
		b.wantAttached(f)
		b.Answer("a", "b", 3)
		b.Answer("c", "a", 3)
		b.wantTuned("a")
	}
	// Others' hands again, and then a change that is about something else.
	b.inside("a", damages[0].do)
	b.Shape("c-hub", 0, topology.Shape{Delay: 5 * time.Millisecond})
	b.Apply(newFabric(t, b.Testbed))
	b.takes("mended by a change elsewhere", "a", "c", 8*time.Millisecond)
}

// absent: a station whose namespace is gone takes nothing from the others, and what comes in its place is attached.
func absent(t *testing.T, newFabric NewFabric) {
	b := wheel(t, "a", "b", "c")
	f := newFabric(t, b.Testbed)
	b.vacate("c")
	for _, when := range []string{"from the start", "while the network is up"} {
		t.Logf("c is absent %s", when)
		b.wantAbsent(f, "c")
		b.rtt("a", "b", 3)
		b.Shape("a-hub", 0, topology.Shape{Delay: 6 * time.Millisecond})
		b.wantAbsent(newFabric(t, b.Testbed), "c")
		b.takes("changed beside it", "a", "b", 9*time.Millisecond)
		if q := b.queue(f, "a-hub", 0); q.Delay != 6*time.Millisecond {
			t.Errorf("in force: %+v", q)
		}
		b.Shape("a-hub", 0, topology.Shape{Delay: time.Millisecond})
		b.wantAbsent(f, "c")
		if s := b.status(f, "c"); s.Attached || s.Note == "" {
			t.Errorf("of the absent station Inspect says %+v", s)
		}
		if s := b.status(f, "b"); !s.Attached || s.Note != "" {
			t.Errorf("of another station Inspect says %+v", s)
		}
		b.occupy("c")
		b.Apply(f)
		b.wantAttached(f)
		b.takes("back again", "c", "a", 4*time.Millisecond)
		b.vacate("c")
	}
	// It dies and is followed by another before anybody notices.
	b.occupy("c")
	b.Apply(newFabric(t, b.Testbed))
	b.wantAttached(f)
	b.rtt("a", "c", 3)
}

// comeAndGo: hosts, switches and links come and go while others' packets flow, of which none is lost.
func comeAndGo(t *testing.T, newFabric NewFabric) {
	const count = 1500
	b := wheel(t, "x", "a", "b")
	f := newFabric(t, b.Testbed)
	b.Apply(f)
	b.rtt("a", "b", 2)
	a, there := b.Station("a"), b.Station("b")
	arrived := make(chan int, 1)
	go func() {
		flow := Stream{Count: count, Interval: time.Millisecond, Quiet: 2 * time.Second}
		all, err := flow.Send(t.Context(), a.NetNS, there.NetNS, there.Addr.Addr())
		if err != nil {
			t.Error(err)
		}
		arrived <- len(all)
	}()
	got := -1
	for round := 0; got < 0; round++ {
		fabrics := []fabric.Fabric{f, newFabric(t, b.Testbed)}
		b.Remove("x", "x-hub") // the first, so that all others get other numbers
		b.Switch("far")
		b.Cable("far", "hub", topology.Shape{Delay: time.Millisecond}, topology.Shape{Delay: time.Millisecond})
		b.Hosts("c")
		b.Cable("c", "far", topology.Shape{}, topology.Shape{Delay: 2 * time.Millisecond})
		b.Apply(fabrics[round%2])
		b.takes("come", "c", "a", 6*time.Millisecond)
		c := b.Station("c")
		b.Remove("c", "c-far", "far", "far-hub")
		b.Hosts("x")
		b.spoke("x")
		b.Apply(fabrics[(round+1)%2])
		b.rtt("x", "b", 2)
		b.wantGone(f, "c-far")
		if err := reaches(t, a.NetNS, c.Addr.Addr()); err == nil {
			t.Error("a station that was removed still answers")
		}
		select {
		case got = <-arrived:
		default:
		}
	}
	if got != count {
		t.Errorf("%d of %d datagrams of others arrived", got, count)
	}
}

// otherValue: fabrics of one testbed, as of several processes, never act on what they remember.
func otherValue(t *testing.T, newFabric NewFabric) {
	b := wheel(t, "a", "b")
	f, g := newFabric(t, b.Testbed), newFabric(t, b.Testbed)
	b.Apply(f)
	b.wantSame(f, g)
	b.Shape("a-hub", 0, topology.Shape{Delay: 6 * time.Millisecond})
	b.Apply(g)
	b.wantSame(f, g)
	b.Shape("a-hub", 0, topology.Shape{Delay: time.Millisecond}) // what f made, and still may think there is
	b.Apply(f)
	b.wantSame(f, g)
	b.takes("as first wanted", "a", "b", 4*time.Millisecond)
	b.Hosts("c")
	b.spoke("c")
	b.Apply(g)
	b.Remove("c", "c-hub")
	b.Apply(f)
	b.wantGone(g, "c-hub")
	b.wantSame(f, g)
	b.rtt("b", "a", 3)
}

// try is Apply where an error is expected.
func (b *Bench) try(f fabric.Fabric) error {
	b.Queues = b.Topology.QueueLimits()
	return f.Apply(b.t.Context(), b.Network)
}

// takes waits until an echo takes the time wanted, within a millisecond: the others met a busy host.
func (b *Bench) takes(what, from, to string, want time.Duration) {
	b.t.Helper()
	var all []time.Duration
	if !testenv.Holds(func() bool {
		all = b.rtt(from, to, 3)
		return all[0] > want-200*time.Microsecond && all[0] < want+time.Millisecond
	}) {
		b.t.Errorf("%s: %s to %s and back takes %v, want %v", what, from, to, all, want)
	}
}

// wantAbsent applies the network and checks that exactly these stations are said to be absent.
func (b *Bench) wantAbsent(f fabric.Fabric, names ...string) {
	b.t.Helper()
	err := b.try(f)
	var absent *fabric.AbsentError
	if !errors.As(err, &absent) || !slices.Equal(absent.Stations, names) {
		b.t.Fatalf("%v, want an AbsentError of %s", err, strings.Join(names, ", "))
	}
}

// wantAttached checks that of every station Inspect has nothing to say.
func (b *Bench) wantAttached(f fabric.Fabric) {
	b.t.Helper()
	for _, s := range b.Stations {
		name := b.Topology.Vertices[s.ID].Name
		if st := b.status(f, name); !st.Attached || st.Note != "" {
			b.t.Errorf("%s: %+v", name, st)
		}
	}
}

// wantSame checks that two fabrics of one testbed tell the same: what is wanted.
func (b *Bench) wantSame(one, other fabric.Fabric) {
	b.t.Helper()
	for _, c := range fabric.Channels(b.Topology) {
		link := b.Topology.Vertices[c.Link]
		p, q := b.queue(one, link.Name, c.Dir), b.queue(other, link.Name, c.Dir)
		if p.Delay != link.Shape[c.Dir].Delay || p.Delay != q.Delay || p.Limit != q.Limit {
			b.t.Errorf("%s %d: %+v and %+v, want %+v", link.Name, c.Dir, p, q, link.Shape[c.Dir])
		}
	}
	b.wantAttached(one)
	b.wantAttached(other)
}

// wantGone checks that a link is no longer there.
func (b *Bench) wantGone(f fabric.Fabric, link string) {
	b.t.Helper()
	all, err := f.Inspect(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	if slices.ContainsFunc(all.Queues, func(q fabric.QueueStatus) bool { return q.Link == link }) {
		b.t.Errorf("link %s is still there", link)
	}
	if got, want := len(all.Stations), len(b.Stations); got != want {
		b.t.Errorf("%d stations, want %d: %+v", got, want, all.Stations)
	}
}

// status is what Inspect says of a station.
func (b *Bench) status(f fabric.Fabric, name string) fabric.StationStatus {
	b.t.Helper()
	all, err := f.Inspect(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, s := range all.Stations {
		if s.Name == name {
			return s
		}
	}
	b.t.Fatalf("no station %s in %+v", name, all.Stations)
	return fabric.StationStatus{}
}
