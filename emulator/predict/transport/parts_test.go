package transport

import (
	"math/rand/v2"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func partsOf(t *testing.T, r *replay, s plan.Step) predict.Parts {
	t.Helper()
	p, err := transfer(r, &s)
	if err != nil {
		t.Fatal(err)
	}
	r.clock += p.Sum() + second
	return p
}

// Ten segments and less fit into the initial window: nothing waits for an ACK.
func TestPartsOfOneWindow(t *testing.T) {
	o := bare()
	o.PerMessage, o.HostRate = 20*time.Microsecond, units.Gbps
	r, a, b := newLine(t, o,
		both(100*units.Mbps, time.Millisecond), both(10*units.Mbps, 10*time.Millisecond), both(units.Gbps, 0))
	got := partsOf(t, r, plan.Step{Role: plan.Request, From: a, To: b, Bytes: 3*1448 + 500})
	frame, short := int64(1514*8), int64(566*8)
	want := predict.Parts{
		Propagation: 11 * millisecond,
		// In ps a bit: 10,000 at 100 Mb/s, 100,000 at 10 Mb/s, 1000 at 1 Gb/s.
		Serialisation: frame*(10_000+3*100_000) + short*(100_000+1000),
		Host:          20_000_000 + (3*1448+500)*8*1000,
	}
	if got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

// Beyond the initial window, 11 segments on a long fat link wait for one round trip less ten serialisations.
func TestPartsOfSlowStart(t *testing.T) {
	r, a, b := newLine(t, bare(), both(units.Gbps, 50*time.Millisecond))
	got := partsOf(t, r, plan.Step{Role: plan.Request, From: a, To: b, Bytes: 11 * 1448})
	frame, ack := int64(1514*8*1000), int64(66*8*1000)
	want := predict.Parts{Propagation: 50 * millisecond, Serialisation: 11 * frame}
	want.SlowStart = (frame + 50*millisecond + ack + 50*millisecond) + frame - 11*frame
	if got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

// A read waits for its GET, a write for its answer, which are a message without a body each.
func TestPartsOfSecondMessages(t *testing.T) {
	o := bare()
	o.Header, o.PerMessage = 250, 30*time.Microsecond
	for _, role := range []plan.Role{plan.Read, plan.Write} {
		r, a, b := newLine(t, o, both(50*units.Mbps, 60*time.Millisecond))
		alone := partsOf(t, r, plan.Step{Role: plan.Request, From: b, To: a})
		r, a, b = newLine(t, o, both(50*units.Mbps, 60*time.Millisecond))
		one := partsOf(t, r, plan.Step{Role: plan.Request, From: a, To: b, Bytes: 5000})
		r, a, b = newLine(t, o, both(50*units.Mbps, 60*time.Millisecond))
		got := partsOf(t, r, plan.Step{Role: role, From: a, To: b, Bytes: 5000})
		one.RoundTrip = alone.Sum()
		if got != one {
			t.Errorf("%s: %+v\nwant %+v", role, got, one)
		}
	}
}

// Whatever the path, size and history of a connection, the parts add up to the picosecond to what the
// simulation of the packets took, none is negative, and the same bytes sent at once are a lower bound.
func TestPartsAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 0))
	roles := []plan.Role{plan.Request, plan.Read, plan.Write, plan.Response}
	slow := 0
	for trial := range 300 {
		var cables []cable
		for range 1 + random.IntN(4) {
			rate := func() units.BitRate { return units.BitRate(1e6 * (1 + random.IntN(1000))) }
			c := cable{rate(), rate(), time.Duration(random.IntN(50_000)) * time.Microsecond, random.IntN(3) == 0}
			cables = append(cables, c)
		}
		o := bare()
		o.Header, o.PerMessage = units.ByteSize(random.IntN(600)), time.Duration(random.IntN(100_000))
		o.HostRate = units.BitRate(random.IntN(2)) * units.Gbps
		if random.IntN(2) == 0 {
			o.Queues = nil
		}
		r, a, b := newLine(t, o, cables...)
		twin, _, _ := newLine(t, o, cables...)
		for range 3 {
			role, bytes := roles[random.IntN(len(roles))], int64(random.IntN(1<<(1+random.IntN(22))))
			s := plan.Step{Role: role, From: a, To: b, Bytes: bytes}
			p := partsOf(t, r, s)
			if took := raw(twin, s); p.Sum() != took {
				t.Fatalf("trial %d: %+v adds up to %d ps, not %d", trial, p, p.Sum(), took)
			}
			twin.clock = r.clock
			if min(p.Propagation, p.Serialisation, p.SlowStart, p.RoundTrip, p.Host) < 0 || p.Processing != 0 {
				t.Fatalf("trial %d: %+v", trial, p)
			}
			if p.SlowStart > 0 {
				slow++
			}
		}
	}
	if slow < 100 {
		t.Errorf("only %d transfers waited for a window", slow)
	}
}

// raw carries a step's messages without asking for parts.
func raw(r *replay, s plan.Step) int64 {
	o := &r.engine.options
	at := r.clock
	carry := func(h *half, from, to topology.ID, body int64) {
		size := body + int64(o.Header)
		at = r.simulation.message(r.routes.find(from, to), h, size, at)
		at += o.PerMessage.Nanoseconds()*1000 + frameTime(size, o.HostRate)
	}
	switch s.Role {
	case plan.Response:
		carry(connectionOf(r, s.To, s.From).response, s.From, s.To, s.Bytes)
	case plan.Read:
		carry(connectionOf(r, s.To, s.From).request, s.To, s.From, 0)
		carry(connectionOf(r, s.To, s.From).response, s.From, s.To, s.Bytes)
	case plan.Write:
		carry(connectionOf(r, s.From, s.To).request, s.From, s.To, s.Bytes)
		carry(connectionOf(r, s.From, s.To).response, s.To, s.From, 0)
	default:
		carry(connectionOf(r, s.From, s.To).request, s.From, s.To, s.Bytes)
	}
	return at - r.clock
}

// A whole plan's parts are the durations of its steps, executions included, and go with the prediction.
func TestPartsOfAPlan(t *testing.T) {
	net, a, b := line(t, both(20*units.Mbps, 3*time.Millisecond))
	o := bare()
	o.Overhead, o.Header = 7*time.Microsecond, 250
	e, err := New(net, func(topology.ID) float64 { return 1000 }, o)
	if err != nil {
		t.Fatal(err)
	}
	p := &plan.Plan{Job: "j", Model: plan.InFunction, Steps: []plan.Step{
		{Role: plan.Request, From: a, To: b, Bytes: 50_000, State: -1},
		{Kind: plan.Compute, Role: plan.Execute, From: b, To: b, Ops: 125, After: []int{0}},
		{Role: plan.Response, From: b, To: a, Bytes: 100, State: -1, After: []int{1}},
	}}
	all, err := e.Predict([]*plan.Plan{p})
	if err != nil {
		t.Fatal(err)
	}
	got := all[0]
	if len(got.Parts) != 3 || got.Parts[1] != (predict.Parts{Host: 7_000_000, Processing: 125 * millisecond}) {
		t.Fatalf("%+v", got.Parts)
	}
	for i, s := range got.Steps {
		near(t, p.Steps[i].Role.String(), predict.Seconds(got.Parts[i].Sum()), s.End-s.Start, 1e-15)
	}
}
