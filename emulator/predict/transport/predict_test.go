package transport

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func twoSteps(a, b topology.ID, bytes int64) *plan.Plan {
	return &plan.Plan{
		Job: "j_1", Model: plan.InClient, Index: 4,
		Steps: []plan.Step{
			{Role: plan.Request, From: a, To: b, Bytes: bytes},
			{Kind: plan.Compute, Role: plan.Execute, From: b, To: b, Ops: 100, After: []int{0}},
			{Role: plan.Response, From: b, To: a, Bytes: bytes, After: []int{1}},
		},
		Invocations: []plan.Invocation{{Load: 3}},
	}
}

func TestPredict(t *testing.T) {
	net, a, b := line(t, both(50*units.Mbps, 5*time.Millisecond), both(50*units.Mbps, 0))
	o := bare()
	o.Overhead = time.Millisecond
	e, err := New(net, func(topology.ID) float64 { return 1000 }, o)
	if err != nil {
		t.Fatal(err)
	}
	plans := []*plan.Plan{twoSteps(a, b, 1448), twoSteps(a, b, 1448)}
	got, err := e.Predict(plans)
	if err != nil {
		t.Fatal(err)
	}
	way := 2*1514*8/50e6 + 0.005
	near(t, "network", got[0].Network, 2*way, 1e-9)
	near(t, "processing", got[0].Processing, 0.3, 1e-9)
	near(t, "total", got[0].Total, 2*way+0.301, 1e-9)
	if got[0].Traffic != 2*2*1448 || got[0].Index != 4 || got[0].Engine != "transport" || len(got[0].Steps) != 3 {
		t.Errorf("%+v", got[0])
	}
	if d := cmp.Diff(got[0].Total, got[1].Total); d != "" {
		t.Error(d)
	}
	again, err := e.Predict(plans)
	if d := cmp.Diff(got, again); err != nil || d != "" {
		t.Errorf("the second call differs: %v %s", err, d)
	}
}

func TestErrors(t *testing.T) {
	net, a, b := line(t, both(units.Mbps, 0))
	lone, _ := net.Add(topology.Vertex{Name: "lone"})
	e, err := New(net, nil, bare())
	if err != nil {
		t.Fatal(err)
	}
	predict := func(to topology.ID, bytes int64) error {
		_, err := e.Predict([]*plan.Plan{twoSteps(a, to, bytes)})
		return err
	}
	if err := predict(lone, 1); !errors.Is(err, ErrUnreachable) {
		t.Errorf("no path: %v", err)
	}
	if err := predict(b, 1e12); !errors.Is(err, ErrTooLong) {
		t.Errorf("a terabyte at 1 Mb/s: %v", err)
	}
	for _, bytes := range []int64{-1, 1 << 62} {
		if predict(b, bytes) == nil {
			t.Errorf("%d bytes: no error", bytes)
		}
	}
	if predict(b, 1) == nil || predict(99, 1) == nil || predict(-1, 1) == nil {
		t.Error("no error for a missing speed or vertex")
	}
	for _, o := range []Options{
		{MSS: -1}, {Header: -1}, {InitialWindow: -1}, {AckEvery: -1}, {DelayedAck: -1}, {PerMessage: -1},
		{ReceiveWindow: -1}, {HostRate: -1},
	} {
		if _, err := New(net, nil, o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

// Two branches of a DAG run beside each other: the chain takes the longer one.
func TestBranches(t *testing.T) {
	net, a, b := line(t, both(50*units.Mbps, 10*time.Millisecond))
	e, err := New(net, func(topology.ID) float64 { return 1000 }, bare())
	if err != nil {
		t.Fatal(err)
	}
	p := twoSteps(a, b, 1448)
	p.Steps = append(p.Steps, plan.Step{Role: plan.Request, From: a, To: b, Bytes: 100, After: []int{0}})
	got, err := e.Predict([]*plan.Plan{p})
	if err != nil {
		t.Fatal(err)
	}
	way := 1514*8/50e6 + 0.010
	near(t, "total", got[0].Total, 2*way+0.3, 1e-9)
	near(t, "the other branch's end", got[0].Steps[3].End, way+166*8/50e6+0.010, 1e-9)
}
