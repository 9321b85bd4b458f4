package statesim

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
)

// A plan whose branches run side by side is refused, with the remedy, or taken for a line.
func TestBranches(t *testing.T) {
	net, err := synth.DefaultIIoT().Build()
	if err != nil {
		t.Fatal(err)
	}
	if err := net.AttachCloud(topology.CloudLink{}); err != nil {
		t.Fatal(err)
	}
	at := net.Hosts()[0]
	execute := func(after ...int) plan.Step {
		return plan.Step{
			Kind: plan.Compute, Role: plan.Execute, From: at, To: at, Ops: 1000, Load: 1, State: -1, After: after,
		}
	}
	p := &plan.Plan{Job: "j", Model: plan.InFunction, Steps: []plan.Step{execute(), execute(0), execute(0), execute(1, 2)}}
	e := NewEngine(net, func(topology.ID) float64 { return 1000 })
	_, err = e.Predict([]*plan.Plan{p})
	if !errors.Is(err, predict.ErrBranches) || !strings.Contains(err.Error(), "linearize: true") {
		t.Errorf("error %v", err)
	}
	e.Linearize = true
	all, err := e.Predict([]*plan.Plan{p})
	if err != nil {
		t.Fatal(err)
	}
	if want := (4 * time.Second).Seconds(); math.Abs(all[0].Total-want) > 1e-6 {
		t.Errorf("%.6f s, want %.6f s", all[0].Total, want)
	}
}
