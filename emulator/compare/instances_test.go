package compare

import (
	"bytes"
	"math"
	"slices"
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

// TestColdStartsAreCountedByReplay: where the replays that a prediction is the mean of differ in who is cold, the
// number is that of one replay, with its range, and not of all who are cold in any.
func TestColdStartsAreCountedByReplay(t *testing.T) {
	const ps = 1e12
	starts := [][]int{{1, 0, 0, 1}, {0, 1, 0, 1}, {0, 0, 1, 1}} // by chain and replay: 1, 1, 1 and 3
	var predicted []predict.Prediction
	var chains []Chain
	for i, of := range starts {
		predicted = append(predicted, predict.Prediction{Engine: "transport", Job: "j", Index: i, Model: "m", Total: 1,
			Steps:  []predict.StepPrediction{{Index: 0, End: 1}},
			Parts:  []predict.Parts{{Processing: 0.5 * ps, Queueing: 0.5 * ps}},
			Starts: of})
		chains = append(chains, Chain{Job: "j", Index: i, Model: "m", Policy: "p", Length: 1 + i, Total: 1, Steps: []Step{
			{Index: 0, Role: plan.Start, Duration: 1, Started: 0.5},
		}})
	}
	role := func(all []predict.Prediction) *Role {
		reports, err := All(chains, all, Options{Reference: "transport"})
		if err != nil {
			t.Fatal(err)
		}
		return reports[0].Models[0].instanceRole()
	}
	if r := role(predicted); r.ColdPredicted != 1 || r.ColdLow != 1 || r.ColdHigh != 3 || r.ColdText() != "1 (1-3)" {
		t.Errorf("%v cold, %d to %d, %s: want 1, 1 to 3", r.ColdPredicted, r.ColdLow, r.ColdHigh, r.ColdText())
	}
	for i := range predicted {
		predicted[i].Starts = nil // as in a file of before
	}
	if r := role(predicted); r.ColdPredicted != 3 || r.ColdLow != 3 || r.ColdText() != "3" {
		t.Errorf("of means alone: %v cold, %d to %d", r.ColdPredicted, r.ColdLow, r.ColdHigh)
	}
	for i := range chains {
		chains[i].Steps = nil
	}
	predicted[0].Starts = []int{1}
	if r := role(predicted); r != nil {
		t.Errorf("nothing was measured: %+v", r)
	}
}

func TestPerReplay(t *testing.T) {
	for _, c := range []struct {
		a, b      perReplay
		median    float64
		low, high int
	}{
		{nil, nil, 0, 0, 0},
		{nil, perReplay{2, 4}, 3, 2, 4},
		{perReplay{1}, perReplay{2, 4}, 4, 3, 5},
		{perReplay{1, 5}, perReplay{2, 4}, 6, 3, 9},
		{perReplay{1, 5, 2}, perReplay{0, 0, 0}, 2, 1, 5},
	} {
		for _, one := range [][2]perReplay{{c.a, c.b}, {c.b, c.a}} {
			sum := slices.Clone(one[0])
			sum.add(one[1])
			if median, low, high := sum.spread(); median != c.median || low != c.low || high != c.high {
				t.Errorf("%v and %v: %v, %d to %d", one[0], one[1], median, low, high)
			}
		}
	}
}
