package compare

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// TestWaitsForInstancesAreACause: what a start took is told from the queue, measured and predicted, and all causes
// together are the error.
func TestWaitsForInstancesAreACause(t *testing.T) {
	const ps = 1e12
	predicted := predict.Prediction{Engine: "transport", Job: "j", Model: "m", Total: 4, Network: 1, Processing: 1,
		Steps: []predict.StepPrediction{{Index: 0, End: 1}, {Index: 1, Start: 1, End: 3}, {Index: 2, Start: 3, End: 4}},
		Parts: []predict.Parts{{Serialisation: 1 * ps}, {Processing: 1.5 * ps, Queueing: 0.5 * ps}, {Processing: 1 * ps}}}
	chain := Chain{Job: "j", Model: "m", Policy: "p", Length: 1, Total: 4.5, Network: 1, Processing: 1, Steps: []Step{
		{Index: 0, Role: plan.Request, Duration: 1}, {Index: 1, Role: plan.Start, Duration: 2.5, Started: 1.75},
		{Index: 2, Role: plan.Execute, Duration: 1},
	}}
	reports, err := All([]Chain{chain}, []predict.Prediction{predicted}, Options{Reference: "transport"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[CauseName][3]float64{ColdStart: {1.5, 1.75, 0.25}, InstanceQueue: {0.5, 0.75, 0.25}}
	sum := 0.0
	for _, c := range reports[0].Models[0].Causes {
		sum += c.Difference.Mean
		w, ours := want[c.Cause]
		if !ours {
			continue
		}
		delete(want, c.Cause)
		if c.Measured == nil || c.Predicted != w[0] || *c.Measured != w[1] || math.Abs(c.Difference.Mean-w[2]) > 1e-12 {
			t.Errorf("%s: %+v, want %v", c.Cause, c, w)
		}
	}
	if len(want) > 0 || math.Abs(sum-0.5) > 1e-12 {
		t.Errorf("missing: %v; the causes add up to %v", want, sum)
	}
	var role *Role
	for i := range reports[0].Models[0].Roles {
		if r := &reports[0].Models[0].Roles[i]; r.Role == "start" {
			role = r
		}
	}
	if role == nil || role.Cold != 1 || role.ColdPredicted != 1 || role.Measured != 2.5 || role.Predicted != 2 {
		t.Fatalf("the role is %+v", role)
	}
	var text bytes.Buffer
	err = WriteTable(&text, reports, "total")
	if err != nil || !strings.Contains(text.String(), "cold") || !strings.Contains(text.String(), "2500") {
		t.Errorf("%v: %s", err, text.String())
	}
}
