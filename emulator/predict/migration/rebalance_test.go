package migration

import (
	"math"
	"strings"
	"testing"
	"time"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/topology"
)

// distances is an engine whose transfers take 10 ms for each number between their ends and 1 us a byte, and whose
// computations take no time.
type distances struct{}

func (distances) Name() string { return "distances" }

func (distances) Predict(plans []*plan.Plan) ([]predict.Prediction, error) {
	var p predict.Prediction
	for i, s := range plans[0].Steps {
		end := p.Total + 0.01*math.Abs(float64(s.From-s.To)) + float64(s.Bytes)/1e6
		p.Steps = append(p.Steps, predict.StepPrediction{Index: i, Start: p.Total, End: end})
		p.Total = end
	}
	return []predict.Prediction{p}, nil
}

// between5and1 is a policy whose client is 0 and whose functions are placed on 5: an invocation takes 20 ms for each
// number between them. A move by stop-and-copy of a megabyte from 5 to 1 is not served for 1.08044 s.
func between5and1(t *testing.T, megabyte time.Duration, candidates ...topology.ID) *Policy {
	return &Policy{
		Engine: distances{}, Horizon: 10 * time.Second, Megabyte: megabyte,
		Plans: []*plan.Plan{{Invocations: []plan.Invocation{
			{Function: "f", Worker: 5}, {Function: "g", Worker: 5, Ops: 1},
		}}},
		Candidates: func(placed topology.ID, _ time.Duration) []topology.ID {
			if placed != 5 {
				t.Errorf("candidates for %d", placed)
			}
			return candidates
		},
	}
}

func TestPolicy(t *testing.T) {
	policy := func(megabyte time.Duration, candidates ...topology.ID) *Policy {
		return between5and1(t, megabyte, candidates...)
	}
	unavailable := 2*0.01*4 + (1e6+headBytes+stateBytes+keyBytes)/1e6
	for name, c := range map[string]struct {
		policy *Policy
		rate   float64
		to     topology.ID // -1: nothing moves
		cost   float64
	}{
		"nobody comes":              {policy(0, 1, 5), 0, -1, 0},
		"worth it":                  {policy(0, 3, 1, 5), 1, 1, unavailable * unavailable / 2},
		"bytes that cost too much":  {policy(time.Second, 1, 5), 1, -1, 0},
		"bytes that cost something": {policy(10*time.Millisecond, 1, 5), 1, 1, unavailable*unavailable/2 + 0.01},
		"nowhere nearer":            {policy(0, 5, 6), 1, -1, 0},
	} {
		seen := predict.Seen{Placed: 5, Functions: []string{"f", "g"}, At: 5, Bytes: 1e6, States: 1, Rate: c.rate}
		got, err := c.policy.Decide(0, []predict.Seen{seen}, nil)
		if err != nil || len(got) > 1 || (len(got) == 0) != (c.to < 0) {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		if len(got) == 0 {
			continue
		}
		if d := got[0]; d.To != c.to || math.Abs(d.Gain-c.rate*10*0.08) > 1e-9 || math.Abs(d.Cost-c.cost) > 1e-9 ||
			!strings.Contains(d.Why, "would take 20 instead of 100 ms") {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// TestStartsAreCosts: where a program is not warm, those wait for its start who come while the instance moves; a move
// that does not gain that is not made. What the copying takes anyway is no cost.
func TestStartsAreCosts(t *testing.T) {
	copying := 2*0.01*4 + (1e6+headBytes+stateBytes+keyBytes)/1e6 // and a gain of 0.8 s
	for name, c := range map[string]struct {
		start time.Duration
		warm  bool
		waits float64 // s; 0: nothing moves
	}{
		"it starts while it is copied":     {time.Second, false, copying},
		"it starts later, and is worth it": {1200 * time.Millisecond, false, 1.2},
		"the start costs more than that":   {2 * time.Second, false, 0},
		"it is warm there":                 {2 * time.Second, true, copying},
	} {
		p := between5and1(t, 0, 1, 5)
		starts := predict.NewStandby(predict.Starts{"g": {Median: c.start}}, p.Plans, "")
		if c.warm {
			starts.Start([]string{"g"}, 1)
		}
		seen := []predict.Seen{{Placed: 5, Functions: []string{"f", "g"}, At: 5, Bytes: 1e6, States: 1, Rate: 1}}
		for range 2 { // it has started nothing by asking
			got, err := p.Decide(0, seen, starts)
			if err != nil || len(got) > 1 || (len(got) > 0) != (c.waits > 0) {
				t.Fatalf("%s: %+v, %v", name, got, err)
			}
			if len(got) == 0 {
				continue
			}
			told := strings.Contains(got[0].Why, "ms to start there")
			if math.Abs(got[0].Cost-c.waits*c.waits/2) > 1e-9 || told == c.warm {
				t.Errorf("%s: %+v, want a cost of %v s", name, got[0], c.waits*c.waits/2)
			}
		}
	}
}
