package record

import (
	"math"
	"testing"

	"testbed/emulator/plan"
)

func TestCostOfAMillionJobs(t *testing.T) {
	e := Edge{Chains: 4, Planned: plan.EdgeTraffic{Out: 4000, In: 8000, MessagesOut: 12, MessagesIn: 12},
		Measured: &EdgeCount{Out: 6000, In: 12000}, Prices: &Prices{Egress: 0.09, Ingress: 0.01, Requests: 0.4}}
	planned, measured := e.Cost()
	// 3 requests a job; 1 kB a job is 1 GB of a million.
	if want := 3*0.4 + 1*0.01 + 2*0.09; math.Abs(planned-want) > 1e-12 {
		t.Errorf("planned %g, want %g", planned, want)
	}
	if want := 3*0.4 + 1.5*0.01 + 3*0.09; math.Abs(measured-want) > 1e-12 {
		t.Errorf("measured %g, want %g", measured, want)
	}
	e.Attempts = 6
	if _, measured = e.Cost(); math.Abs(measured-(3*0.4+1*0.01+2*0.09)) > 1e-12 {
		t.Errorf("with two attempts more it costs %g", measured)
	}
	// The chains stand for eight jobs, which send half as much as the chains out, and get as much in.
	e.Attempts, e.Jobs, e.Job = 4, 8, &plan.EdgeMean{Out: 500, In: 2000, MessagesOut: 2, MessagesIn: 2}
	if out, in := e.MeasuredPerJob(); out != 750 || in != 3000 {
		t.Errorf("links counted %g and %g bytes a job, want 750 and 3000", out, in)
	}
	planned, measured = e.Cost()
	if want := 2*0.4 + 0.5*0.01 + 2*0.09; math.Abs(planned-want) > 1e-12 {
		t.Errorf("planned %g, want %g", planned, want)
	}
	if want := 2*0.4 + 0.75*0.01 + 3*0.09; math.Abs(measured-want) > 1e-12 {
		t.Errorf("measured %g, want %g", measured, want)
	}
	e.Measured = nil
	if _, measured := e.Cost(); measured != 0 {
		t.Errorf("nothing was measured, and costs %g", measured)
	}
	if got := (EdgeCount{5, 6, 7, 8}).Less(EdgeCount{1, 1, 2, 2}); got != (EdgeCount{4, 5, 5, 6}) {
		t.Errorf("%+v", got)
	}
}
