package transport

import (
	"fmt"
	"math"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// cable is one link of a line of links between two hosts.
type cable struct {
	up, down units.BitRate
	delay    time.Duration
	shared   bool
}

func both(rate units.BitRate, delay time.Duration) cable { return cable{rate, rate, delay, false} }

// line is hosts a and b with cables and switches in between.
func line(t testing.TB, cables ...cable) (*topology.Topology, topology.ID, topology.ID) {
	t.Helper()
	net := topology.New("line")
	add := func(v topology.Vertex) topology.ID {
		id, err := net.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	a := add(topology.Vertex{Name: "a"})
	at := a
	for i, c := range cables {
		v := topology.Vertex{Name: fmt.Sprintf("link%d", i), Kind: topology.Link}
		v.Shape = [2]topology.Shape{{Rate: c.up, Delay: c.delay}, {Rate: c.down, Delay: c.delay}}
		if c.shared {
			v.LinkType = topology.Shared
		}
		id := add(v)
		next := topology.Vertex{Name: fmt.Sprintf("switch%d", i), Kind: topology.Switch}
		if i == len(cables)-1 {
			next = topology.Vertex{Name: "b"}
		}
		other := add(next)
		net.Join(at, id, 0)
		net.Join(id, other, 0)
		at = other
	}
	return net, a, at
}

// bare are options without any constant but those of TCP, and no HTTP header.
func bare() Options { return Options{Queues: map[topology.Channel]units.ByteSize{}} }

func newLine(t testing.TB, o Options, cables ...cable) (*replay, topology.ID, topology.ID) {
	t.Helper()
	net, a, b := line(t, cables...)
	e, err := New(net, func(topology.ID) float64 { return 1000 }, o)
	if err != nil {
		t.Fatal(err)
	}
	return newReplay(e), a, b
}

// transfer carries a step out at the replay's clock, which does not go on.
func transfer(r *replay, s *plan.Step) (predict.Parts, error) {
	begin := r.clock
	all, err := r.predict([]*plan.Plan{{Steps: []plan.Step{*s}}})
	if err != nil {
		return predict.Parts{}, err
	}
	r.clock = begin
	return all[0].Parts[0], nil
}

// connectionOf is the connection from a to b that the next message takes.
func connectionOf(r *replay, a, b topology.ID) *connection {
	c, _ := r.take(a, b)
	r.give(c)
	return c
}

// oneWay is the time of one message from a to b over a connection that a opened, in seconds.
func oneWay(t testing.TB, r *replay, a, b topology.ID, size int64) float64 {
	t.Helper()
	return step(t, r, plan.Step{Role: plan.Request, From: a, To: b, Bytes: size})
}

func step(t testing.TB, r *replay, s plan.Step) float64 {
	t.Helper()
	parts, err := transfer(r, &s)
	if err != nil {
		t.Fatal(err)
	}
	r.clock += parts.Sum() + second/10
	return predict.Seconds(parts.Sum())
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s: %.9f s, want %.9f s (difference %.3g)", what, got, want, got-want)
	}
}

const tick = 2e-12 // two picoseconds: the clock's rounding

func TestSinglePacket(t *testing.T) {
	r, a, b := newLine(t, bare(), both(50*units.Mbps, 5*time.Millisecond))
	near(t, "1000 bytes at 50 Mb/s", oneWay(t, r, a, b, 1000), 1066*8/50e6+0.005, tick)
	near(t, "a full segment", oneWay(t, r, a, b, 1448), 1514*8/50e6+0.005, tick)
	near(t, "no payload", oneWay(t, r, a, b, 0), 66*8/50e6+0.005, tick)
	three := []cable{
		both(100*units.Mbps, time.Millisecond), both(10*units.Mbps, 10*time.Millisecond), both(300*units.Mbps, 0),
	}
	r, a, b = newLine(t, bare(), three...)
	near(t, "three hops", oneWay(t, r, a, b, 1000), 1066*8*(1/100e6+1/10e6+1/300e6)+0.011, tick)
	r, a, b = newLine(t, bare(), both(0, 7*time.Millisecond))
	near(t, "no rate", oneWay(t, r, a, b, 1448), 0.007, tick)
}

// Within a node a state takes what copying it takes: one that is read once, one that is carried both ways.
func TestCopies(t *testing.T) {
	net, a, _ := line(t, both(units.Mbps, time.Second))
	o := bare()
	o.CopyRate = 8 * units.Gbps
	p := &plan.Plan{
		Steps: []plan.Step{
			{Role: plan.Request, From: a, To: a, Bytes: 5e6},
			{Role: plan.Read, From: a, To: a, Bytes: 3e6, After: []int{0}},
			{Role: plan.Write, From: a, To: a, Bytes: 3e6, After: []int{1}},
			{Role: plan.Response, From: a, To: a, Bytes: 4e6, After: []int{2}},
		},
		Invocations: []plan.Invocation{{States: []plan.Access{
			{Bytes: 1e6, Location: plan.Carried}, {Bytes: 3e6, Location: plan.Repository},
		}}},
	}
	got := predictions(t, net, o, []*plan.Plan{p})[0]
	for i, want := range []int64{1, 3, 0, 1} {
		if parts := got.Parts[i]; parts != (predict.Parts{Host: want * millisecond}) {
			t.Errorf("%s: %+v, want %d ms of the host's", p.Steps[i].Role, parts, want)
		}
	}
	near(t, "all of it", got.Total, 5e-3, tick)
}

// Packets follow each other at the bottleneck's distance, wherever it stands in the path.
func TestPackets(t *testing.T) {
	rates := []units.BitRate{100 * units.Mbps, 10 * units.Mbps, 300 * units.Mbps}
	for _, order := range [][]int{{0}, {1}, {0, 1, 2}, {1, 0, 2}, {2, 0, 1}} {
		cables, want := []cable{}, 0.0
		slowest := 0.0
		for _, i := range order {
			cables = append(cables, both(rates[i], 3*time.Millisecond))
			each := 1514 * 8 / float64(rates[i])
			want += each + 0.003
			slowest = max(slowest, each)
		}
		for _, n := range []int64{1, 2, 7, 10} {
			r, a, b := newLine(t, bare(), cables...)
			near(t, fmt.Sprintf("%d packets over %v", n, order), oneWay(t, r, a, b, n*1448), want+float64(n-1)*slowest, 5*tick)
		}
	}
}

// A short last packet catches up behind the bottleneck, and only there.
func TestShortLastPacket(t *testing.T) {
	r, a, b := newLine(t, bare(), both(10*units.Mbps, 0), both(100*units.Mbps, 0))
	near(t, "2 and a bit", oneWay(t, r, a, b, 2*1448+100), (2*1514+166)*8/10e6+166*8/100e6, 3*tick)
}

func TestConstants(t *testing.T) {
	o := bare()
	o.Header, o.PerMessage, o.HostRate = 200, 300*time.Microsecond, units.Gbps
	r, a, b := newLine(t, o, both(50*units.Mbps, 0))
	near(t, "message", oneWay(t, r, a, b, 1000), 1266*8/50e6+300e-6+1200*8/1e9, tick)
	near(t, "within a node", step(t, r, plan.Step{Role: plan.Write, From: a, To: a, Bytes: 1e6}), 0, 0)
	get := 266*8/50e6 + 300e-6 + 200*8/1e9
	state := 1266*8/50e6 + 300e-6 + 1200*8/1e9
	for _, role := range []plan.Role{plan.Read, plan.Write} {
		near(t, role.String(), step(t, r, plan.Step{Role: role, From: b, To: a, Bytes: 1000}), get+state, 2*tick)
	}
	near(t, "response", step(t, r, plan.Step{Role: plan.Response, From: b, To: a, Bytes: 1000}), state, tick)
}

// 300 kB over 120 ms and 50 Mb/s are 208 segments: 10, 20, 40, 80 and the remaining 58 leave in five
// rounds. The last begins four round trips after the first; each round's first ACK pays one segment
// and one ACK at the link.
func TestSlowStartRounds(t *testing.T) {
	r, a, b := newLine(t, bare(), both(50*units.Mbps, 60*time.Millisecond))
	data, ack := 1514*8/50e6, 66*8/50e6
	first := oneWay(t, r, a, b, 300_000)
	low := 4*0.120 + 0.060
	if first < low || first > low+58*data+8*(2*data+ack) {
		t.Errorf("300 kB take %.4f s, want 4 round trips and the way: %.4f s and up to 58 segments more", first, low)
	}
	// Now the window is 10+208 or where HyStart stopped it: at most two rounds.
	second := oneWay(t, r, a, b, 300_000)
	if second > 0.060+0.120+208*data+0.001 || second < 0.060+208*data-0.001 {
		t.Errorf("again: %.4f s", second)
	}
	if second > first-0.240 {
		t.Errorf("the warm connection takes %.4f s, the fresh one %.4f s", second, first)
	}
	// Nothing was sent the other way: its window is still the initial one.
	near(t, "the other way", step(t, r, plan.Step{Role: plan.Response, From: b, To: a, Bytes: 300_000}), first, 1e-9)
	// Another connection, by b: its own window.
	near(t, "b's connection", oneWay(t, r, b, a, 300_000), first, 1e-9)
}

// With an ACK for each segment the rounds are exact: round k begins k·(RTT + data + ack) after the first.
func TestSlowStartExact(t *testing.T) {
	o := bare()
	o.AckEvery = 1
	r, a, b := newLine(t, o, both(50*units.Mbps, 60*time.Millisecond))
	data, ack := 1514*8/50e6, 66*8/50e6
	// 10+20+40 segments: in round 2, 20 pairs, whose ACKs 10 data times apart come in one run.
	near(t, "3 rounds", oneWay(t, r, a, b, 70*1448), 2*(0.120+data+ack)+0.060+40*data, 1e-9)
}

func TestLongTransferReachesRate(t *testing.T) {
	for _, c := range []struct {
		rate  units.BitRate
		delay time.Duration
	}{
		{units.Mbps, 0}, {10 * units.Mbps, 10 * time.Millisecond}, {50 * units.Mbps, 60 * time.Millisecond},
		{300 * units.Mbps, 5 * time.Millisecond}, {units.Gbps, time.Millisecond},
	} {
		o := bare()
		o.Queues = nil
		r, a, b := newLine(t, o, both(units.Gbps, 0), both(c.rate, c.delay))
		oneWay(t, r, a, b, int64(c.rate)*4) // warm
		size := int64(c.rate) * 4           // 32 s
		goodput := float64(size) * 8 / oneWay(t, r, a, b, size)
		if want := float64(c.rate) * 1448 / 1514; goodput > want || goodput < 0.985*want {
			t.Errorf("%v, %v: goodput %.4g, want %.4g", c.rate, c.delay, goodput, want)
		}
	}
}

// On a medium an ACK of 66 bytes comes with every two segments of 1514.
func TestSharedMedium(t *testing.T) {
	o := bare()
	o.QuickAcks = -1
	medium := cable{10 * units.Mbps, 10 * units.Mbps, 0, true}
	r, a, b := newLine(t, o, medium)
	oneWay(t, r, a, b, 1e6)
	n := 1000.0
	got := oneWay(t, r, a, b, int64(n)*1448)
	alone := n * 1514 * 8 / 10e6
	with := (n*1514 + n/2*66) * 8 / 10e6
	if got < alone+0.75*(with-alone) || got > with+0.001 {
		t.Errorf("1000 segments take %.6f s; without ACKs %.6f, with all of them %.6f", got, alone, with)
	}
	cabled, a, b := newLine(t, o, both(10*units.Mbps, 0))
	oneWay(t, cabled, a, b, 1e6)
	near(t, "a cable", oneWay(t, cabled, a, b, int64(n)*1448), alone, 1e-9)
}

func TestAsymmetric(t *testing.T) {
	r, a, b := newLine(t, bare(), cable{10 * units.Mbps, 100 * units.Mbps, time.Millisecond, false})
	near(t, "up", oneWay(t, r, a, b, 14480), 10*1514*8/10e6+0.001, 1e-11)
	near(t, "down", oneWay(t, r, b, a, 14480), 10*1514*8/100e6+0.001, 1e-11)
	// A return path too slow for the ACKs clocks the sender: 66 bytes every 2·1514.
	r, a, b = newLine(t, bare(), cable{100 * units.Mbps, units.Mbps / 2, 0, false})
	slow := oneWay(t, r, a, b, 3e6)
	if want := 3e6 / 1448 * 1514 * 8 / 100e6; slow < 1.2*want {
		t.Errorf("with ACKs at 0.5 Mb/s: %.3f s, barely more than the %.3f s of the data", slow, want)
	}
}
