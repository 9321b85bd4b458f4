package compare

import (
	"strings"
	"testing"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
)

func TestWriteEdge(t *testing.T) {
	all := []record.Edge{
		{Model: "external", Chains: 10, Planned: plan.EdgeTraffic{Out: 50_000, In: 70_000, MessagesOut: 40, MessagesIn: 40},
			Measured: &record.EdgeCount{Out: 66_000, In: 88_000}, JobsPerHour: 1000},
		{Model: "in-edge", Chains: 10, Error: "no answer"},
	}
	var b strings.Builder
	if err := WriteEdge(&b, all); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"5.0", "7.0", "8.0", "6.6", "8.8", "12.0", "in-edge", "MB/h"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is missing in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "cost") {
		t.Errorf("costs without prices:\n%s", b.String())
	}
	for i := range all {
		all[i].Prices = &record.Prices{Requests: 1}
	}
	b.Reset()
	if err := WriteEdge(&b, all); err != nil || !strings.Contains(b.String(), "cost (links)") ||
		!strings.Contains(b.String(), "4.00") {
		t.Errorf("%v\n%s", err, b.String())
	}
	for line := range strings.Lines(b.String()) {
		if len([]rune(line)) > Width+1 {
			t.Errorf("%d columns: %s", len([]rune(line)), line)
		}
	}
	// The ten chains of the first stand for thirty jobs, which send half as much.
	all[0].Jobs, all[0].Job = 30, &plan.EdgeMean{Out: 2500, In: 3500, MessagesOut: 2, MessagesIn: 2}
	b.Reset()
	if err := WriteEdge(&b, all); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2.5", "3.5", "3.3", "4.4", "6.0", "one of 30", "scaled"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is missing in\n%s", want, b.String())
		}
	}
	b.Reset()
	if err := WriteEdge(&b, nil); err != nil || b.Len() > 0 {
		t.Errorf("%v, %q", err, b.String())
	}
}

// A chain with another worker than predicted has no say in the causes, and is counted.
func TestPicksThatDiffer(t *testing.T) {
	measured := []Chain{
		{Index: 0, Model: plan.InEdge, Length: 1, Total: 1, Picked: 2, Foreseen: 2},
		{Index: 1, Model: plan.InEdge, Length: 1, Total: 2, Picked: 2, Foreseen: 1},
		{Index: 2, Model: plan.InEdge, Length: 1, Total: 9, Picked: 2, Foreseen: 2, Err: "failed"},
	}
	c := NewCollector(Options{Resamples: 10})
	for i := range measured {
		m := &measured[i]
		m.Steps = []Step{{Role: plan.Execute, Duration: m.Total}}
		p := predictionOf(m)
		if err := c.Predict(&p); err != nil {
			t.Fatal(err)
		}
	}
	for i := range measured {
		if err := c.Add(&measured[i]); err != nil {
			t.Fatal(err)
		}
	}
	g := c.Reports()[0].Models[0]
	if want := (Picks{Invocations: 4, Foreseen: 3, Chains: 2, Same: 1}); g.Picks == nil || *g.Picks != want {
		t.Errorf("%+v, want %+v", g.Picks, want)
	}
	if g.Attributed != 1 || g.Paired != 2 {
		t.Errorf("%d of %d pairs are attributed", g.Attributed, g.Paired)
	}
}

func predictionOf(m *Chain) predict.Prediction {
	return predict.Prediction{Engine: "transport", Job: m.Job, Index: m.Index, Model: m.Model, Total: m.Total,
		Steps: []predict.StepPrediction{{End: m.Total}}}
}
