package statesim

import (
	"math"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

// A worker behind a switch with 20 ms to it: the simulator propagates nothing there, and 60 ms to the cloud.
func TestParts(t *testing.T) {
	net := topology.New("parts")
	add := func(v topology.Vertex) topology.ID {
		id, err := net.Add(v)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	cable := func(name string, a, b topology.ID, rate units.BitRate, delay time.Duration) {
		shape := topology.Shape{Rate: rate, Delay: delay}
		id := add(topology.Vertex{Name: name, Kind: topology.Link, Shape: [2]topology.Shape{shape, shape}})
		net.Join(a, id, 0)
		net.Join(id, b, 0)
	}
	client, worker := add(topology.Vertex{Name: "client"}), add(topology.Vertex{Name: "worker"})
	exchange := add(topology.Vertex{Name: "x", Kind: topology.Switch})
	cloud := add(topology.Vertex{Name: "cloud", Kind: topology.Cloud})
	cable("a", client, exchange, 100*units.Mbps, 10*time.Millisecond)
	cable("b", exchange, worker, 100*units.Mbps, 10*time.Millisecond)
	cable("c", exchange, cloud, 50*units.Mbps, 50*time.Millisecond)
	p := &plan.Plan{Job: "j", Model: plan.External, Client: client, Steps: []plan.Step{
		{Role: plan.Request, From: client, To: worker, Bytes: 10_000, State: -1},
		{Role: plan.Read, From: cloud, To: worker, Bytes: 20_000, After: []int{0}},
		{Kind: plan.Compute, Role: plan.Execute, From: worker, To: worker, Ops: 500, Load: 1, After: []int{1}},
		{Role: plan.Response, From: worker, To: worker, Bytes: 1000, State: -1, After: []int{2}},
	}}
	all, err := NewEngine(net, func(topology.ID) float64 { return 1000 }).Predict([]*plan.Plan{p})
	if err != nil {
		t.Fatal(err)
	}
	got := all[0]
	for i, s := range got.Steps {
		if math.Abs(predict.Seconds(got.Parts[i].Sum())-(s.End-s.Start)) > 2*predict.Picosecond {
			t.Errorf("step %d: %+v for %v s", i, got.Parts[i], s.End-s.Start)
		}
	}
	if r := got.Parts[0]; r.Propagation != 0 || r.Serialisation == 0 {
		t.Errorf("request: %+v", r)
	}
	if r := got.Parts[1]; r.Propagation != 60_000_000_000 || r.Serialisation != 3_200_000_000 {
		t.Errorf("read: %+v", r)
	}
	if got.Parts[2] != (predict.Parts{Processing: 500_000_000_000}) || got.Parts[3] != (predict.Parts{}) {
		t.Errorf("execute %+v, response %+v", got.Parts[2], got.Parts[3])
	}
}
