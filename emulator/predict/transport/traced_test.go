package transport

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/topology/linktrace"
	"testbed/emulator/units"
)

// cellular is two hosts joined by a cable of 20 ms, the way up and down of which follow traces.
func cellular(t *testing.T, up, down *linktrace.Trace) (*topology.Topology, topology.ID, topology.ID) {
	t.Helper()
	top := topology.New("cellular")
	var ids [3]topology.ID
	for i, v := range []topology.Vertex{{Name: "phone"}, {Name: "server"}, {Name: "radio", Kind: topology.Link}} {
		id, err := top.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
	}
	for d := range 2 {
		top.Vertices[ids[2]].Shape[d].Delay = 20 * time.Millisecond
	}
	top.Join(ids[2], ids[0], 0)
	top.Join(ids[2], ids[1], 0)
	for d, trace := range []*linktrace.Trace{up, down} {
		if err := top.Follow(topology.Channel{Link: ids[2], Dir: d}, trace); err != nil {
			t.Fatal(err)
		}
	}
	return top, ids[0], ids[1]
}

func lte(t *testing.T, way string) *linktrace.Trace {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "reference", "links", "lte-a."+way)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the reference data are not here: %v", err)
	}
	trace, err := linktrace.Load(path, linktrace.Options{WithRun: true})
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// moved predicts how long so many bytes take from one node to another, in s, under each of some models.
func moved(t *testing.T, top *topology.Topology, from, to topology.ID, bytes int64, models ...plan.Model) []float64 {
	t.Helper()
	o := DefaultOptions()
	o.MaxReceiveWindow = 32 * units.MiB
	var plans []*plan.Plan
	for _, m := range models {
		plans = append(plans, &plan.Plan{Model: m, Job: "j", Steps: []plan.Step{
			{Role: plan.Request, From: from, To: to, Bytes: bytes, State: -1},
		}})
	}
	var took []float64
	for _, p := range predictions(t, top, o, plans) {
		took = append(took, p.Total)
	}
	return took
}

// TestTransfersFollowTheTrace: a long transfer takes about as long as the trace has room for, whatever its mean is,
// and each model meets the trace from its begin.
func TestTransfersFollowTheTrace(t *testing.T) {
	up := lte(t, "up")
	top, phone, server := cellular(t, up, lte(t, "down"))
	for _, span := range []int64{5, 15, 30, 60} {
		bytes := int64(up.Bits(0, span*1e9) / 8 / 1514 * 1448)
		took := moved(t, top, phone, server, bytes, plan.External, plan.InEdge)
		t.Logf("what there is room for in %d s takes %.2f s", span, took[0])
		if took[0] < float64(span) || took[0] > 1.1*float64(span)+0.5 {
			t.Errorf("what there is room for in %d s takes %v s", span, took[0])
		}
		if math.Abs(took[1]/took[0]-1) > 0.02 { // its connection is warm
			t.Errorf("another model takes %v s, not %v", took[1], took[0])
		}
	}
}

// TestDelaysFollowTheTrace: what is sent while the delay is long arrives late.
func TestDelaysFollowTheTrace(t *testing.T) {
	trace, err := linktrace.Parse("t", []byte("time,delay\n0,50ms\n1,10ms\n"), linktrace.Options{End: linktrace.Hold})
	if err != nil {
		t.Fatal(err)
	}
	top, phone, server := cellular(t, trace, trace)
	if took := moved(t, top, phone, server, 100, plan.External)[0]; took < 0.05 || took > 0.051 {
		t.Errorf("a small message takes %v s at a delay of 50 ms", took)
	}
}

// TestModelsMeetTheSame: whatever a trace gives, chains of one model are predicted as the same ones of another are, the
// first ones not to be held up by what is before the trace, nor by what the model before has left on the network.
func TestModelsMeetTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want float64 // ms that the first message takes
	}{
		"the delay is below the mean at first": {"time,delay_ms\n0,10\n2.5,100\n7,10\n", 10},
		"and above it":                         {"time,delay_ms\n0,100\n2.5,10\n7,10\n", 100},
		"rate and delay":                       {"time,rate_mbps,delay_ms\n0,80,10\n2.5,1,100\n7,80,10\n", 10.1066},
		"opportunities":                        {"50\n100\n", 50 + 20},
	} {
		trace, err := linktrace.Parse("t", []byte(c.text), linktrace.Options{WithRun: true})
		if err != nil {
			t.Fatal(err)
		}
		top, phone, server := cellular(t, trace, trace)
		o := bare()
		o.Arrivals.Due = func(jobs []int) (due []time.Duration) {
			for _, j := range jobs {
				due = append(due, time.Duration(j)*time.Second)
			}
			return due
		}
		var plans []*plan.Plan
		for _, model := range []plan.Model{plan.InEdge, plan.External, plan.InClient} {
			for i := range 6 {
				plans = append(plans, &plan.Plan{Model: model, Job: "j", Index: i, Steps: []plan.Step{
					{Role: plan.Request, From: phone, To: server, Bytes: 1000, State: -1},
					{Role: plan.Response, From: server, To: phone, Bytes: 1000, State: -1, After: []int{0}},
				}})
			}
		}
		all := predictions(t, top, o, plans)
		near(t, name, all[0].Steps[0].End*1e3, c.want, 1e-3)
		for i, p := range all {
			if ms := 1e3 * math.Abs(p.Total-all[i%6].Total); ms > 0.6 { // ACKs that come before a message, at 1 Mbps
				t.Errorf("%s: chain %d of %s takes %.1f ms otherwise than the first model's", name, p.Index, p.Model, ms)
			}
			for _, part := range p.Parts {
				if min(part.Propagation, part.Serialisation, part.SlowStart, part.Queueing) < 0 {
					t.Errorf("%s: chain %d of %s: %+v", name, p.Index, p.Model, part)
				}
			}
		}
	}
}

// TestWaysChangeWhereHostsMove: what is sent after a host has moved takes the way from there, in every model.
func TestWaysChangeWhereHostsMove(t *testing.T) {
	net, a, b := line(t, cable{10 * units.Mbps, 10 * units.Mbps, 5 * time.Millisecond, false})
	far := *net
	far.Vertices = slices.Clone(net.Vertices)
	for _, id := range far.Links() {
		for d := range far.Vertices[id].Shape {
			far.Vertices[id].Shape[d].Delay += 100 * time.Millisecond
		}
	}
	o := bare()
	o.Rewirings = []predict.Rewiring{{At: time.Second, Topology: &far}}
	o.Arrivals.Due = func(jobs []int) []time.Duration {
		due := make([]time.Duration, len(jobs))
		for i := range due {
			due[i] = time.Duration(i) * 2 * time.Second
		}
		return due
	}
	var plans []*plan.Plan
	for _, model := range []plan.Model{plan.External, plan.InEdge} {
		for _, p := range pair(a, b, a, b, 1000, 1000) {
			p.Model = model
			plans = append(plans, p)
		}
	}
	all := predictions(t, net, o, plans)
	for i := 0; i < len(all); i += 2 {
		near, moved := all[i].Total, all[i+1].Total
		if math.Abs(moved-near-0.1) > 1e-6 {
			t.Errorf("a message takes %v s, and %v s from afar", near, moved)
		}
	}
}
