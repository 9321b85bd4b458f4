package transport

import (
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// Where workers call each other each message has a connection of its sender's: the response one of the worker's to the
// client, whose window is a new one's, whatever the request's has grown to.
func TestWorkersOwnTheirConnections(t *testing.T) {
	net, a, b := line(t, both(50*units.Mbps, 30*time.Millisecond))
	e, err := New(net, func(topology.ID) float64 { return 1000 }, bare())
	if err != nil {
		t.Fatal(err)
	}
	const bytes = 200_000
	called := twoSteps(a, b, bytes)
	called.Steps[2].Pair = 1
	called.Messages = []plan.Message{{From: -1, Bytes: bytes}, {To: -1, Bytes: bytes, Step: 2}}
	all, err := e.Predict([]*plan.Plan{called, called})
	if err != nil {
		t.Fatal(err)
	}
	took := func(p *predict.Prediction, step int) float64 { return p.Steps[step].End - p.Steps[step].Start }
	for i := range all {
		p := &all[i]
		near(t, "the way back, as long as the way there", took(p, 2), took(p, 0), 1e-9)
		if first := took(&all[0], 0); i > 0 && took(p, 0) >= first {
			t.Errorf("%v s on a connection that was used, %v on a new one", took(p, 0), first)
		}
	}
}

// Within a node states are copied when the client hands its own out, and when they are read; else they are handed on.
func TestCopiesWhereWorkersCallEachOther(t *testing.T) {
	net, a, _ := line(t, both(units.Mbps, time.Second))
	o := bare()
	o.CopyRate = 8 * units.Gbps
	p := &plan.Plan{
		Steps: []plan.Step{
			{Role: plan.Request, From: a, To: a, Bytes: 5e6},
			{Role: plan.Read, From: a, To: a, Bytes: 3e6, After: []int{0}},
			{Role: plan.Request, From: a, To: a, Bytes: 5e6, After: []int{1}},
			{Role: plan.Response, From: a, To: a, Bytes: 4e6, After: []int{2}},
		},
		StateBytes: []int64{1e6, 7e6}, Carried: []int{0}, Messages: []plan.Message{{Step: 0}, {Step: 2}, {Step: 3}},
	}
	e, err := New(net, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	all, err := e.Predict([]*plan.Plan{p})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{1e-3, 3e-3, 0, 0} {
		near(t, "a copy", all[0].Steps[i].End-all[0].Steps[i].Start, want, 1e-9)
	}
}
