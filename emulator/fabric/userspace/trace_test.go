package userspace

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// lte is the reference trace of one way.
func lte(t testing.TB, way string, o linktrace.Options) *linktrace.Trace {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "reference", "links", "lte-a."+way)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the reference data are not here: %v", err)
	}
	trace, err := linktrace.Load(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

func written(t testing.TB, text string, o linktrace.Options) *linktrace.Trace {
	t.Helper()
	trace, err := linktrace.Parse("written", []byte(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// following is a star of two hosts, of which the cable of the first follows traces: there from the host, and back.
func following(t testing.TB, there, back *linktrace.Trace) fabric.Network {
	t.Helper()
	n := star(t, 2, topology.Duplex, topology.Shape{}, topology.Shape{})
	id, _ := n.Topology.Lookup("cablea")
	for d, trace := range []*linktrace.Trace{there, back} {
		if trace == nil {
			continue
		}
		if err := n.Topology.Follow(topology.Channel{Link: id, Dir: d}, trace); err != nil {
			t.Fatal(err)
		}
	}
	n.Queues = n.Topology.QueueLimits()
	return n
}

// perSecond counts frames of 1514 bytes at a host, by the second in which they came.
func (m *model) perSecond(host string) map[int64]int64 {
	counted := map[int64]int64{}
	for _, s := range m.sent {
		if s.to == host {
			counted[(s.at-1)/int64(time.Second)]++ // those of a whole second end it
		}
	}
	return counted
}

// TestSaturatedLinksUseEveryOpportunity sends more than the reference trace has room for, both ways at once and beyond
// its end: in each second as many packets arrive as there are opportunities.
func TestSaturatedLinksUseEveryOpportunity(t *testing.T) {
	up, down := lte(t, "up", linktrace.Options{}), lte(t, "down", linktrace.Options{})
	m := newModel(t, following(t, up, down))
	const seconds = 70
	out, in := frame(0, 1, 1514, 1), frame(1, 0, 1514, 2)
	for at := int64(0); at < seconds*int64(time.Second); at += 250 * us {
		m.send(at, 0, append([]byte(nil), out...))
		m.send(at, 1, append([]byte(nil), in...))
	}
	m.run(seconds * int64(time.Second))
	for host, trace := range map[string]*linktrace.Trace{"b": up, "a": down} {
		counted := m.perSecond(host)
		for s := int64(1); s < seconds-1; s++ {
			if want := opportunities(trace, s); counted[s] != want {
				t.Errorf("second %d: %s got %d packets, with %d opportunities", s, host, counted[s], want)
			}
		}
	}
}

// opportunities counts those after the begin of a second until its end, wrapped around.
func opportunities(trace *linktrace.Trace, second int64) (n int64) {
	period := trace.Period().Milliseconds()
	for turn := int64(0); turn*period <= 1000*(second+1); turn++ {
		for _, ms := range trace.Opportunities {
			if at := turn*period + int64(ms); at > 1000*second && at <= 1000*(second+1) {
				n++
			}
		}
	}
	return n
}

// TestATraceBeginsWithTheRun puts a run's begin in force while packets wait: all of them depart by the trace from
// there.
func TestATraceBeginsWithTheRun(t *testing.T) {
	trace := written(t, "100\n100\n100\n200\n", linktrace.Options{WithRun: true})
	n := following(t, trace, nil)
	m := newModel(t, n)
	m.run(10 * ms)
	for range 5 {
		m.send(10*ms, 0, frame(0, 1, 1514, 1))
	}
	n.Run = 49 * ms // what was at the end of a turn before it serves nobody
	state, err := stateOf(n)
	if err != nil {
		t.Fatal(err)
	}
	m.run(50 * ms)
	next, _, err := m.table.withState(state)
	if err != nil {
		t.Fatal(err)
	}
	m.install(next, 50*ms)
	m.run(1000 * ms)
	var got []int64
	for _, s := range m.sent {
		got = append(got, s.at/ms)
	}
	want := []int64{149, 149, 149, 249, 349}
	if len(got) != len(want) {
		t.Fatalf("%d packets came, not %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("packet %d came at %d ms, not %d", i, got[i], want[i])
		}
	}
	queue := m.table.queues[m.table.index[topology.Channel{Link: mustLookup(t, n, "cablea")}]]
	if queue.start != 49*ms || m.table.shapes[0].trace != queue.trace {
		t.Errorf("the trace began at %d", queue.start)
	}
}

func mustLookup(t testing.TB, n fabric.Network, name string) topology.ID {
	t.Helper()
	id, ok := n.Topology.Lookup(name)
	if !ok {
		t.Fatal("no " + name)
	}
	return id
}

// TestRetracedPacketsKeepTheirOrder: whatever a link follows from one moment to the next, or nothing, packets leave in
// the order in which they came, none is lost, and none before it was sent.
func TestRetracedPacketsKeepTheirOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	bases := []fabric.Network{
		following(t, written(t, "1\n1\n3\n7\n", linktrace.Options{}), nil),
		following(t, written(t, "time,rate,delay\n0,3Mbps,5ms\n0.1,9Mbps,2ms\n0.2,0bps,9ms\n", linktrace.Options{}), nil),
		following(t, nil, nil),
	}
	plain := bases[2].Topology
	plain.Vertices[mustLookup(t, bases[2], "cablea")].Shape[0].Rate = 5 * units.Mbps
	m := newModel(t, bases[0])
	sent := byte(0)
	for step := range 200 {
		for range random.IntN(3) {
			sent++
			m.send(m.now, 0, frame(0, 1, 200+random.IntN(1300), sent))
		}
		m.run(m.now + random.Int64N(3*ms))
		if step%5 == 0 {
			m.change(bases[random.IntN(3)])
		}
	}
	m.run(m.now + int64(time.Minute))
	if len(m.sent) < 100 {
		t.Fatalf("only %d packets came", len(m.sent))
	}
	for i := range m.sent[1:] {
		if m.sent[i+1].tag != m.sent[i].tag+1 || m.sent[i+1].at < m.sent[i].at {
			t.Fatalf("packet %d comes after %d", m.sent[i+1].tag, m.sent[i].tag)
		}
	}
}

// TestValuesVary: delay, loss and queue are those of the instant at which a packet is enqueued.
func TestValuesVary(t *testing.T) {
	trace := written(t, "time,delay,loss,queue\n0,10ms,0,20000\n1,40ms,0,20000\n2,5ms,100%,20000\n3,0s,0,1514\n",
		linktrace.Options{End: linktrace.Hold})
	n := following(t, trace, nil)
	n.Topology.Vertices[mustLookup(t, n, "cablea")].Shape[0].Rate = 8 * units.Mbps
	m := newModel(t, n)
	for _, at := range []int64{0, 1500 * ms, 2500 * ms} {
		m.send(at, 0, frame(0, 1, 1000, byte(at/int64(time.Second))))
	}
	for range 5 {
		m.send(3500*ms, 0, frame(0, 1, 1000, 9))
	}
	m.run(10_000 * ms)
	want := []int64{11 * ms, 1541 * ms, 3501 * ms}
	if len(m.sent) != len(want) {
		t.Fatalf("%d packets came, not %d", len(m.sent), len(want))
	}
	for i, at := range want {
		m.want(m.sent[i].at, at)
	}
	status := m.table.queues[0].status()
	m.want(status.Lost, uint64(1))
	m.want(status.Dropped, uint64(4))
	m.table.shapes[0].tell(&status, 5000, 1000)
	m.want(status.Trace, "written")
	m.want(status.Began, int64(1000))
	m.want(status.Since, 5*time.Microsecond)
	m.want(status.Delay, trace0(n))
}

// trace0 is the delay that the first queue's shape has, its trace's mean.
func trace0(n fabric.Network) time.Duration {
	for _, id := range n.Topology.Links() {
		return n.Topology.Vertices[id].Shape[0].Delay
	}
	return 0
}

func TestNothingAllocatedOnTraces(t *testing.T) {
	up := written(t, "1\n1\n3\n7\n", linktrace.Options{})
	down := written(t, "time,rate,delay\n0,3Mbps,5ms\n0.1,9Mbps,2ms\n0.2,0bps,9ms\n", linktrace.Options{})
	m := newModel(t, following(t, up, down))
	bench := &quiet{newCore(m.table, discard{}), 0}
	there, back := frame(0, 1, 1514, 0), frame(1, 0, 1514, 0)
	round := func() {
		bench.round(there, 0)
		bench.round(back, 1)
	}
	round()
	if n := testing.AllocsPerRun(100, round); n > 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkTracedPacket(b *testing.B) {
	m := newModel(b, following(b, lte(b, "up", linktrace.Options{}), nil))
	q := &quiet{newCore(m.table, discard{}), 0}
	data := frame(0, 1, 1514, 0)
	b.ReportAllocs()
	for b.Loop() {
		q.round(data, 0)
	}
}

// TestAMillionPacketsAreDelayedByTheDistribution: apart from each other their delays have it, with a Kolmogorov-Smirnov
// distance of at most 0.01, and are the same for the same seed; close together they keep their order.
func TestAMillionPacketsAreDelayedByTheDistribution(t *testing.T) {
	const count = 1_000_000
	spread, err := linktrace.ParseDelays("rtt.csv", []byte("from_ms,to_ms,count\n5,10,50\n10,12,30\n40,60,20\n"),
		linktrace.SpreadOptions{Correlation: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	n := following(t, spread, nil)
	sent := frame(0, 1, 200, 0)
	draw := func(apart int64) []int64 {
		table, err := newTable(n, nil)
		if err != nil {
			t.Fatal(err)
		}
		var all []int64
		out := &observer{}
		c := newCore(table, out)
		data := make([]byte, virtioLen+200)
		for i := range int64(count) {
			now := i * apart
			for at, any := c.next(); any && at <= now; at, any = c.next() {
				out.now = at
				c.advance(at, 100)
			}
			copy(data, sent) // whose time to live is that of the sender
			c.arrive(table.ports[0], now, data)
		}
		for at, any := c.next(); any; at, any = c.next() {
			out.now = at
			c.advance(at, 100)
		}
		for i, at := range out.arrivals {
			all = append(all, at-int64(i)*apart)
			if i > 0 && at < out.arrivals[i-1] {
				t.Fatalf("packet %d arrives before the one before it", i)
			}
		}
		if len(all) != count {
			t.Fatalf("%d packets arrived", len(all))
		}
		return all
	}
	first := draw(100 * ms) // none is held by the one before
	if !slices.Equal(first, draw(100*ms)) {
		t.Error("the same seed gives other delays")
	}
	draw(50 * us)
	slices.Sort(first)
	for i, d := range first {
		p := 0.0
		switch x := float64(d) / float64(ms); {
		case x < 10:
			p = 0.5 * (x - 5) / 5
		case x < 12:
			p = 0.5 + 0.3*(x-10)/2
		case x < 40:
			p = 0.8
		default:
			p = 0.8 + 0.2*(x-40)/20
		}
		if off := math.Abs(float64(i)/count - p); off > 0.01 {
			t.Fatalf("%d of a million are below %v, and should be %v: a distance of %v", i, time.Duration(d), p*count, off)
		}
	}
	queue := table0(t, n)
	if queue.delays != spread || !queue.splitsBursts() {
		t.Errorf("the queue is %+v", queue)
	}
}

// observer notes when packets are delivered.
type observer struct {
	now      int64
	arrivals []int64
}

func (o *observer) deliver(*port, int64, []byte) { o.arrivals = append(o.arrivals, o.now) }

// table0 is the shape of a network's first queue.
func table0(t *testing.T, n fabric.Network) shape {
	t.Helper()
	state, err := stateOf(n)
	if err != nil {
		t.Fatal(err)
	}
	shapes, err := state.shapes(len(fabric.Channels(n.Topology)), n.Topology)
	if err != nil {
		t.Fatal(err)
	}
	return shapes[0]
}
