package userspace

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/fabric/wire"
	"testbed/emulator/machines"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// divided is a network that several cores carry, with a wire between them that takes no time: each machine is a model
// whose time is that of all.
type divided struct {
	t     *testing.T
	cores []*model
	got   [][]arrivals
	wires int // packets that crossed
	sent  []sent
}

// toOthers is a machine's end of the wire.
type toOthers struct {
	*divided
	self int
}

func (w toOthers) Send(to int, h wire.Header, data []byte) bool {
	m := w.cores[to]
	if h.Due < w.cores[w.self].now {
		w.t.Fatalf("handed over at %d, due at %d", w.cores[w.self].now, h.Due)
	}
	w.wires++
	m.now = w.cores[w.self].now
	m.resume(&w.got[to][w.self], m.now, &h, data)
	return true
}

func newDivided(t *testing.T, n fabric.Network, p *machines.Partition) *divided {
	t.Helper()
	d := &divided{t: t}
	for i := range p.Machines {
		table, err := newTable(n, nil)
		if err == nil {
			err = table.divide(p, i)
		}
		if err != nil {
			t.Fatal(err)
		}
		m := &model{t: t}
		m.core = newCore(table, m)
		m.over = toOthers{d, i}
		d.cores, d.got = append(d.cores, m), append(d.got, make([]arrivals, len(p.Machines)))
	}
	return d
}

// send lets a station's core take a frame.
func (d *divided) send(at int64, from int, data []byte) {
	d.run(at)
	for _, m := range d.cores {
		if !m.table.elsewhere(from) {
			m.now = at
			m.arrive(m.table.ports[from], at, data)
		}
	}
}

// run carries out the events of all machines in the order of time.
func (d *divided) run(until int64) {
	for {
		var first *model
		for _, m := range d.cores {
			if at, any := m.next(); any && at <= until && (first == nil || at < first.events[0].due) {
				first = m
			}
		}
		if first == nil {
			return
		}
		at, _ := first.next()
		first.now = max(first.now, at)
		first.advance(first.now, 1)
	}
}

func (d *divided) deliveries() []sent {
	all := d.sent
	for _, m := range d.cores {
		all = append(all, m.sent...)
	}
	return all
}

// describe lists deliveries in an order that two simulations have in common.
func describe(all []sent) []string {
	var list []string
	for _, s := range all {
		list = append(list, fmt.Sprintf("%d to %s: %x", s.at, s.to, s.data))
	}
	slices.Sort(list)
	return list
}

// randomNet is a network of two to four machines: switches that duplex links and pairs of up- and downlinks join,
// hosts on cables and on shared media, which are on one machine each. No two delays are the same.
func randomNet(t *testing.T, random *rand.Rand) (fabric.Network, *machines.Partition) {
	top := topology.New("random")
	p := &machines.Partition{Of: map[string]int{}}
	for i := range 2 + random.IntN(3) {
		p.Machines = append(p.Machines, machines.Machine{ID: fmt.Sprint(i)})
	}
	n := fabric.Network{Testbed: "t", Topology: top, Seed: random.Uint64()}
	add := func(kind topology.Kind, typ topology.LinkType, machine int, shape [2]topology.Shape) topology.ID {
		v := topology.Vertex{Name: fmt.Sprintf("v%d", len(top.Vertices)), Kind: kind, LinkType: typ, Shape: shape}
		id, err := top.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		if kind != topology.Link {
			p.Of[v.Name] = machine
		}
		return id
	}
	delay := func() time.Duration { return time.Duration(1_000_000 + random.IntN(10_000_000)) }
	shape := func() topology.Shape {
		s := topology.Shape{Rate: units.BitRate(1+random.IntN(1000)) * units.Mbps, Delay: delay()}
		switch random.IntN(6) {
		case 0:
			s.Loss = 0.2
		case 1:
			s.Jitter = 500 * time.Microsecond
		case 2:
			s.Duplicate, s.Corrupt = 0.2, 0.2
		case 3:
			s.Rate = 0
		}
		return s
	}
	link := func(a, b topology.ID) {
		if random.IntN(3) > 0 {
			l := add(topology.Link, topology.Duplex, 0, [2]topology.Shape{shape(), shape()})
			top.Join(l, a, delay())
			top.Join(l, b, delay())
			return
		}
		up := add(topology.Link, topology.Uplink, 0, [2]topology.Shape{shape()})
		down := add(topology.Link, topology.Downlink, 0, [2]topology.Shape{shape()})
		top.Connect(a, up, delay())
		top.Connect(up, b, delay())
		top.Connect(b, down, delay())
		top.Connect(down, a, delay())
	}
	host := func(machine int) topology.ID {
		id := add(topology.Host, 0, machine, [2]topology.Shape{})
		addr := netip.AddrFrom4([4]byte{10, 0, 0, byte(len(n.Stations))})
		n.Stations = append(n.Stations, fabric.Station{ID: id, Addr: netip.PrefixFrom(addr, 16)})
		return id
	}
	var hubs []topology.ID
	for range 3 + random.IntN(6) {
		kind, machine := topology.Switch, random.IntN(len(p.Machines))
		if random.IntN(4) == 0 {
			kind = topology.Exchange
		}
		hub := add(kind, 0, machine, [2]topology.Shape{})
		for range min(len(hubs), 1+random.IntN(2)) {
			link(hub, hubs[random.IntN(len(hubs))])
		}
		hubs = append(hubs, hub)
		for range random.IntN(3) {
			link(host(random.IntN(len(p.Machines))), hub)
		}
		if random.IntN(3) == 0 {
			medium := add(topology.Link, topology.Shared, 0, [2]topology.Shape{shape()})
			top.Join(medium, host(machine), delay())
			top.Join(medium, host(machine), delay())
			if random.IntN(2) == 0 {
				top.Join(medium, hub, delay())
			} else { // an access line without a node between, as ether has them; its far end may be anywhere
				up := add(topology.Link, topology.Uplink, 0, [2]topology.Shape{shape()})
				down := add(topology.Link, topology.Downlink, 0, [2]topology.Shape{shape()})
				far := hubs[random.IntN(len(hubs))]
				for _, e := range [][2]topology.ID{{medium, up}, {up, far}, {far, down}, {down, medium}} {
					top.Connect(e[0], e[1], delay())
				}
			}
		}
	}
	for _, c := range fabric.Channels(top) {
		if top.Vertices[c.Link].Shape[c.Dir].Jitter == 0 && random.IntN(5) == 0 {
			if err := top.Follow(c, randomTrace(t, random)); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.Queues = top.QueueLimits()
	return n, p
}

// randomTrace is one of all kinds: opportunities, rates, delays, a distribution. Those that give no delays may begin
// with a run.
func randomTrace(t *testing.T, random *rand.Rand) *linktrace.Trace {
	t.Helper()
	trace := &linktrace.Trace{Name: "random", Linear: random.IntN(2) == 0}
	delay := func() int64 { return 1_000_000 + random.Int64N(10_000_000) }
	knots := func(columns linktrace.Columns) {
		trace.Columns = columns
		for at := int64(0); len(trace.Knots) < 8; at += 1 + random.Int64N(40*ms) {
			trace.Knots = append(trace.Knots, linktrace.Knot{At: at, Rate: 1e6 + 1e8*random.Float64(), Delay: delay(),
				Loss: random.Float64() / 5})
		}
	}
	switch random.IntN(4) {
	case 0:
		trace.Linear, trace.WithRun = false, random.IntN(2) == 0
		for at := uint32(1); len(trace.Opportunities) < 100; at += uint32(random.IntN(4)) {
			trace.Opportunities = append(trace.Opportunities, at)
		}
	case 1:
		knots(linktrace.Rate)
		trace.WithRun = random.IntN(2) == 0
	case 2:
		knots(linktrace.Delay | linktrace.Loss)
	default:
		trace.Linear = false
		least := delay()
		trace.Spread = &linktrace.Spread{Correlation: float64(random.IntN(2)) / 2,
			Quantiles: []linktrace.Quantile{{Delay: least}, {P: 1, Delay: least + delay()}}}
	}
	if err := trace.Check(); err != nil {
		t.Fatal(err)
	}
	return trace
}

// randomFrame is one of all kinds: to a station, to a group, to nobody, with little time to live, a burst.
func randomFrame(random *rand.Rand, stations int, tag byte) (from int, data []byte) {
	from = random.IntN(stations)
	to := random.IntN(stations)
	switch random.IntN(6) {
	case 0:
		data = tcpBurst(from, to, 5*1448, 1448)
	case 1:
		data = frame(from, to, 100, tag)
		data[ttlAt] = byte(1 + random.IntN(4))
	case 2:
		data = frame(from, to, 100, tag)
		copy(data[ipAt+16:], []byte{224, 0, 0, 5})
	case 3:
		data = frame(from, 0xffff, 100, tag)
		copy(data[ipAt+16:], []byte{10, 9, 9, 9})
	default:
		data = frame(from, to, 60+random.IntN(1400), tag)
	}
	return from, data
}

// What several machines deliver is what one delivers: the same frames, at the same instants, and so are all counters.
// It holds for all kinds of paths, in random networks, whatever faults and shapes change meanwhile, but that the
// machine in front of a cut link knows what is down behind it when a packet leaves, and not when it arrives: so in
// every second round nothing is under way when something goes down, and in the others nobody is told.
func TestSeveralMachinesCarryWhatOneDoes(t *testing.T) {
	// Found wanting once: a time to live that ends at a link in front of what is down, and a link that is the last router
	// in front of what is down on the next machine.
	seeds := []uint64{10882585188466906305, 1, rand.Uint64()}
	if text := os.Getenv("SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { carryAlike(t, seed) })
	}
}

// carryAlike tries the random networks of a seed.
func carryAlike(t *testing.T, seed uint64) {
	crossed := 0
	for round := range 60 {
		random := rand.New(rand.NewPCG(seed, uint64(round)))
		n, p := randomNet(t, random)
		if len(n.Stations) < 2 {
			continue
		}
		one, many := newModel(t, n), newDivided(t, n, p)
		if round%2 == 1 {
			for _, m := range append(many.cores, one) {
				for _, p := range m.table.ports {
					p.icmpNext = 1 << 62
				}
			}
		}
		at := int64(0)
		for i := range 200 {
			at += random.Int64N(ms)
			from, data := randomFrame(random, len(n.Stations), byte(i))
			one.send(at, from, bytes.Clone(data))
			many.send(at, from, bytes.Clone(data))
			if i%67 == 66 {
				n = changed(random, n)
				if round%2 == 0 {
					at += 1_000 * ms
					one.run(at)
					many.run(at)
				}
				one.changeState(n)
				for _, m := range many.cores {
					m.now = at
					m.changeState(n)
				}
			}
		}
		one.run(at + 1_000*ms)
		many.run(at + 1_000*ms)
		crossed += many.wires
		if want, got := describe(one.sent), describe(many.deliveries()); !slices.Equal(got, want) {
			t.Fatalf("round %d: %d frames instead of %d: %s", round, len(got), len(want), firstDifference(got, want))
		}
		many.sameCounters(one)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	if crossed < 500 {
		t.Errorf("only %d packets crossed", crossed)
	}
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("%.150s\nwant %.150s", got[i], want[i])
		}
	}
	return "one is the other's beginning"
}

// sameCounters holds that each queue is used on its owner alone, and that all counters add up to one machine's.
func (d *divided) sameCounters(one *model) {
	d.t.Helper()
	var sum Drops
	for i := range one.table.queues {
		want := one.table.queues[i].status()
		for _, m := range d.cores {
			got := m.table.queues[i].status()
			switch {
			case m.table.owns(i) && got != want:
				d.t.Errorf("queue %d: %+v, want %+v", i, got, want)
			case !m.table.owns(i) && got.Packets+got.Dropped+got.Lost+got.Errors > 0:
				d.t.Errorf("queue %d is used by who does not own it", i)
			}
		}
	}
	for i, m := range d.cores {
		sum.Foreign += m.drops.Foreign
		sum.NoPath += m.drops.NoPath
		sum.Expired += m.drops.Expired
		sum.Overflow += m.drops.Overflow
		sum.Parted += m.drops.Parted
		sum.Down += m.drops.Down
		for _, a := range d.got[i] {
			if a.strays > 0 || a.late > 0 {
				d.t.Errorf("%d strays, %d late", a.strays, a.late)
			}
		}
	}
	if sum != one.drops {
		d.t.Errorf("drops %+v, want %+v", sum, one.drops)
	}
}

// changed is the network with something down, parted, or of another loss.
func changed(random *rand.Rand, n fabric.Network) fabric.Network {
	n.Down, n.Partition = nil, nil
	n.Run = random.Int64N(100 * ms)
	if random.IntN(2) == 0 {
		n.Down = []topology.ID{topology.ID(random.IntN(len(n.Topology.Vertices)))}
	}
	if random.IntN(2) == 0 {
		n.Partition = [][]topology.ID{{n.Stations[random.IntN(len(n.Stations))].ID}}
	}
	top := *n.Topology
	top.Vertices = slices.Clone(top.Vertices)
	links := top.Links()
	top.Vertices[links[random.IntN(len(links))]].Shape[0].Loss = 0.1
	n.Topology = &top
	return n
}

// changeState puts a state in force as alter does.
func (m *model) changeState(n fabric.Network) {
	m.t.Helper()
	s, err := stateOf(n)
	if err != nil {
		m.t.Fatal(err)
	}
	next, _, err := m.table.withState(s)
	if err != nil {
		m.t.Fatal(err)
	}
	m.install(next, m.now)
}

// line is a network of two hosts, each with a switch, and a link between the switches, which is cut.
func line(t *testing.T, middle topology.Shape) (fabric.Network, *machines.Partition) {
	top := topology.New("line")
	n := fabric.Network{Testbed: "t", Topology: top, Seed: 1}
	p := &machines.Partition{Machines: []machines.Machine{{ID: "x"}, {ID: "y"}}, Of: map[string]int{}}
	var last topology.ID
	for i, v := range []topology.Vertex{
		{Name: "a"}, {Name: "a-left", Kind: topology.Link}, {Name: "left", Kind: topology.Switch},
		{Name: "middle", Kind: topology.Link, Shape: [2]topology.Shape{middle, middle}},
		{Name: "right", Kind: topology.Switch}, {Name: "right-b", Kind: topology.Link}, {Name: "b"},
	} {
		id, err := top.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case v.Kind == topology.Link && i > 0:
			top.Join(id, last, 0)
		case i > 0:
			top.Join(last, id, 0)
		}
		if last = id; v.Kind != topology.Link {
			p.Of[v.Name] = i / 4
		}
		if v.Kind == topology.Host {
			addr := netip.AddrFrom4([4]byte{10, 0, 0, byte(len(n.Stations))})
			n.Stations = append(n.Stations, fabric.Station{ID: id, Addr: netip.PrefixFrom(addr, 16)})
		}
	}
	n.Queues = top.QueueLimits()
	return n, p
}

// A packet is handed over when it leaves the queue, the first segment of a burst when that does, and not before: what
// waits still follows a change of the rate.
func TestPacketsAreHandedOverWhenTheyLeaveTheQueue(t *testing.T) {
	n, p := line(t, topology.Shape{Rate: 8 * units.Mbps, Delay: 5 * time.Millisecond})
	d := newDivided(t, n, p)
	d.send(0, 0, frame(0, 1, 1000, 1))
	d.send(0, 0, frame(0, 1, 1000, 2))
	d.run(ms - 1)
	if d.wires != 0 {
		t.Error("a packet was handed over while it was transmitted")
	}
	d.run(ms)
	if d.wires != 1 {
		t.Errorf("%d packets were handed over at its departure", d.wires)
	}
	top := *n.Topology
	top.Vertices = slices.Clone(top.Vertices)
	for dir := range 2 {
		top.Vertices[3].Shape[dir].Rate = 4 * units.Mbps
	}
	n.Topology = &top
	for _, m := range d.cores {
		m.now = ms
		m.changeState(n)
	}
	d.run(100 * ms)
	if got := d.deliveries(); len(got) != 2 || got[0].at != 6*ms || got[1].at != 8*ms {
		t.Errorf("delivered: %+v", got)
	}

	n, p = line(t, topology.Shape{Rate: 800 * units.Mbps, Delay: 2 * time.Millisecond})
	d = newDivided(t, n, p)
	d.send(0, 0, tcpBurst(0, 1, 40*1448, 1448))
	d.run(1514 * 8 * 10 / 8) // the first segment's transmission
	if d.wires != 1 {
		t.Error("a burst waits for its last segment")
	}
	one := newModel(t, n)
	one.send(0, 0, tcpBurst(0, 1, 40*1448, 1448))
	one.run(100 * ms)
	d.run(100 * ms)
	if got := d.deliveries(); len(got) != 1 || got[0].at != one.sent[0].at {
		t.Errorf("a burst is delivered: %v, want at %d", got, one.sent[0].at)
	}
}

// A packet that comes late goes on at once and is counted; one that no path is known for, or that cannot be a frame, is
// dropped and counted.
func TestLateAndStrayPackets(t *testing.T) {
	n, p := line(t, topology.Shape{Delay: 5 * time.Millisecond})
	d := newDivided(t, n, p)
	m := d.cores[1]
	table := m.table
	at := slices.IndexFunc(table.channels, func(c topology.Channel) bool { return c.Link == 3 && c.Dir == 0 })
	var from arrivals
	good := wire.Header{Channel: table.cut.ids[at], Due: 10 * ms, To: 0x0a000001}
	data := frame(0, 1, 100, 0)
	m.resume(&from, 12*ms, &good, data)
	m.run(12 * ms)
	if len(m.sent) != 1 || from.late != 1 || from.by.Longest != 2*time.Millisecond {
		t.Errorf("%d sent, %d late by %v", len(m.sent), from.late, from.by.Longest)
	}
	stray := func(name string, h wire.Header, data []byte) {
		before := from.strays
		m.resume(&from, 12*ms, &h, data)
		if from.strays != before+1 || len(m.events) > 0 {
			t.Errorf("%s: %d strays", name, from.strays-before)
		}
	}
	other := good
	other.Channel++
	stray("an unknown queue", other, data)
	other = good
	other.Channel = table.cut.ids[at+1]
	stray("a queue that leads away", other, data)
	other = good
	other.Due = 1 << 62
	stray("an instant in years", other, data)
	other.Due = -1 << 62
	stray("an instant of long ago", other, data)
	stray("nothing", good, nil)
	other = good
	other.To = 0x0a00004d
	stray("to nobody", other, data)
	other.To = 0x0a000000
	over := bytes.Clone(data)
	over[ttlAt] = 1
	stray("back, with no time to live", other, over)
	for kind := range uint8(255) {
		other = good
		other.Kind, other.From, other.Router = kind+1, 0x0a000063, 9
		stray(fmt.Sprint("of nobody, kind ", kind+1), other, data)
	}
	other = good
	other.Kind, other.From, other.Router = 1+pathExpires, 0x0a000000, 400
	stray("at a router that is not there", other, data)
	if len(m.sent) != 1 {
		t.Error("strays were delivered")
	}
	d.cores[0].over = nil
	d.cores[0].arrive(d.cores[0].table.ports[0], 0, data)
	d.cores[0].run(100 * ms)
	if q := d.cores[0].table.queues[at]; q.errors != 1 || q.status().Errors != 1 {
		t.Errorf("%d errors of a packet that the wire refused", q.errors)
	}
	// What the wire takes and then loses it counts itself: it knows no queues.
	d.cores[0].over = loser{}
	d.cores[0].arrive(d.cores[0].table.ports[0], 0, data)
	d.cores[0].run(100 * ms)
	if q := d.cores[0].table.queues[at]; q.errors != 1 || q.packets != 2 {
		t.Errorf("%d errors of %d packets, of which the wire refused one", q.errors, q.packets)
	}
}

// loser is a wire that loses what it takes.
type loser struct{}

func (loser) Send(int, wire.Header, []byte) bool { return true }

// Packets of one queue stay in order while the estimate of the clocks' offset changes.
func TestOrderIsKeptAcrossTheWire(t *testing.T) {
	var o onward
	for i, c := range [][2]int64{{100, 100}, {90, 100}, {95, 100}, {120, 120}, {120 + 5*ms, 120 + 5*ms}, {130, 130}} {
		if got := o.inOrder(c[0]); got != c[1] {
			t.Errorf("%d: due at %d, want %d", i, got, c[1])
		}
	}
}

// A queue that lets packets overtake others does so across the wire, too, however short its delay is.
func TestOvertakingIsKeptAcrossTheWire(t *testing.T) {
	n, p := line(t, topology.Shape{Delay: time.Millisecond / 2, Reorder: 0.5})
	p.Floor = 0
	d := newDivided(t, n, p)
	for i := range 200 {
		d.send(int64(i)*ms/10, 0, frame(0, 1, 100, byte(i)))
	}
	d.run(100 * ms)
	overtaken, all := 0, d.cores[1].sent
	for i := 1; i < len(all); i++ {
		if all[i].tag < all[i-1].tag {
			overtaken++
		}
	}
	if len(all) != 200 || overtaken < 20 {
		t.Errorf("%d of 200 arrive, %d after a later one", len(all), overtaken)
	}
}

func TestWhatCannotBeCut(t *testing.T) {
	n, p := line(t, topology.Shape{Delay: 5 * time.Millisecond})
	divide := func(p *machines.Partition, self int) error {
		table, err := newTable(n, nil)
		if err != nil {
			t.Fatal(err)
		}
		return table.divide(p, self)
	}
	below := *p
	below.Floor = 6 * time.Millisecond
	missing := *p
	missing.Of = map[string]int{"a": 0}
	for want, err := range map[string]error{
		"less than the 6ms": divide(&below, 0), "b has no machine": divide(&missing, 0), "no machine 2": divide(p, 2),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	// While it is up, a change below the floor is refused, and the network stays as it was.
	below.Floor = 4 * time.Millisecond
	table, _ := newTable(n, nil)
	if err := table.divide(&below, 0); err != nil {
		t.Fatal(err)
	}
	top := *n.Topology
	top.Vertices = slices.Clone(top.Vertices)
	top.Vertices[3].Shape[1].Delay = 3 * time.Millisecond
	n.Topology = &top
	s, err := stateOf(n)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := table.withState(s); err == nil || !strings.Contains(err.Error(), "middle") {
		t.Errorf("%v", err)
	}
}

// A packet that crosses costs no allocation either, on either side.
func TestCrossingAllocatesNothing(t *testing.T) {
	n, p := line(t, topology.Shape{Rate: units.Gbps, Delay: time.Millisecond})
	d := newDivided(t, n, p)
	for _, m := range d.cores {
		m.out = discard{}
	}
	small, burst := frame(0, 1, 1514, 0), tcpBurst(1, 0, 20*1448, 1448)
	now := int64(0)
	buffer := make([]byte, largeBuffer)
	round := func() {
		now += 10 * ms
		d.send(now, 0, buffer[:copy(buffer, small)])
		large := d.cores[1].pool.buffer(len(burst))
		copy(large, burst)
		d.send(now, 1, large)
		d.run(now + 9*ms)
	}
	round()
	if n := testing.AllocsPerRun(100, round); n > 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
