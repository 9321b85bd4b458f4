package compare

import (
	"slices"
	"strings"
	"testing"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

func execution(task int, begin, end float64) timed { return timed{task, plan.Execute, begin, end} }

// dag is a job of a first task, two branches and a join, of one execution each that takes so long; the branches begin
// when the first has ended, and the join when both have.
func dag(model plan.Model, took [4]float64) (steps []timed, total float64) {
	join := took[0] + max(took[1], took[2])
	steps = []timed{
		execution(0, 0, took[0]), execution(1, took[0], took[0]+took[1]), execution(2, took[0], took[0]+took[2]),
		{3, plan.Execute, join, join + took[3]}}
	if model == plan.InClient { // which lets them run one after the other
		steps[2] = timed{2, plan.Execute, steps[1].end, steps[1].end + took[2]}
		steps[3] = timed{3, plan.Execute, steps[2].end, steps[2].end + took[3]}
	}
	return steps, steps[3].end
}

func TestBranches(t *testing.T) {
	var chains []Chain
	var predictions []predict.Prediction
	add := func(index int, model plan.Model, measured, predicted [4]float64) {
		m, total := dag(model, measured)
		p, forecast := dag(model, predicted)
		c := Chain{Job: "j", Index: index, Model: model, Policy: "load", Length: 4, Total: total, Processing: total}
		f := predict.Prediction{Engine: "transport", Job: "j", Index: index, Model: model, Total: forecast,
			Processing: forecast}
		for i := range m {
			c.Steps = append(c.Steps, Step{Index: i, Role: plan.Execute, Duration: m[i].end - m[i].begin, Task: i,
				Begin: m[i].begin + 1e-5*float64(i)})
			f.Steps = append(f.Steps, predict.StepPrediction{Index: i, Start: p[i].begin, End: p[i].end})
		}
		c.Total += 3e-5
		chains, predictions = append(chains, c), append(predictions, f)
	}
	for _, model := range []plan.Model{plan.External, plan.InClient} {
		add(0, model, [4]float64{1, 2, 3, 1}, [4]float64{1, 2, 3, 1})
		add(1, model, [4]float64{1, 3, 2, 1}, [4]float64{1, 2, 3, 1}) // the other branch is the longer one
	}
	r := mustCompare(t, chains, predictions)
	if len(r.Branches) != 2 {
		t.Fatalf("%+v", r.Branches)
	}
	for i, want := range []struct {
		model       plan.Model
		gain, other float64
		first       string
	}{{plan.External, 7.0 / 5, 1, "j: task 3 waited for task 1, predicted was task 2"}, {plan.InClient, 1, 0, ""}} {
		b := r.Branches[i]
		near := func(a, b float64) bool { return a > b-1e-3 && a < b+1e-3 }
		if b.Model != want.model || b.Jobs != 2 || !near(b.Measured.Gain(), want.gain) ||
			!near(b.Predicted.Gain(), want.gain) || b.Other != int(want.other) || b.First != want.first {
			t.Errorf("%+v, want %+v", b, want)
		}
	}
	var text strings.Builder
	if err := WriteTable(&text, []*Report{r}, "total"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Branches of jobs", "1.40 x", "j: task 3 waited for task 1"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, text.String())
		}
	}
}

// Chains are not spoken of.
func TestNoBranches(t *testing.T) {
	chains, predictions := []Chain{}, []predict.Prediction{}
	chains = append(chains, Chain{Job: "j", Model: plan.External, Policy: "load", Length: 1, Total: 1,
		Steps: []Step{{Role: plan.Execute, Duration: 1}}})
	predictions = append(predictions, predict.Prediction{Engine: "transport", Job: "j", Model: plan.External, Total: 1,
		Steps: []predict.StepPrediction{{End: 1}}})
	if r := mustCompare(t, chains, predictions); len(r.Branches) != 0 {
		t.Errorf("%+v", r.Branches)
	}
}

func TestCriticalPath(t *testing.T) {
	for name, c := range map[string]struct {
		steps []timed
		want  []int // last to first
	}{
		"one":             {[]timed{{0, plan.Execute, 0, 1}}, []int{0}},
		"steps of a task": {[]timed{execution(0, 0, 1), execution(0, 1, 2), execution(0, 2, 5)}, []int{0}},
		"a line":          {[]timed{execution(0, 0, 1), execution(1, 1, 2), execution(2, 2, 3)}, []int{2, 1, 0}},
		"no task's time":  {[]timed{execution(0, 0, 0), execution(1, 0, 0), execution(2, 0, 0)}, []int{2, 1, 0}},
		"requests of two": {[]timed{{0, plan.Execute, 0, 1}, {1, plan.Execute, 0, 3}, {2, plan.Request, 1, 2},
			{2, plan.Request, 3, 4}, {2, plan.Execute, 4, 5}}, []int{2, 1}},
		"its client's read": {[]timed{{0, plan.Response, 0, 1}, {1, plan.Read, 1, 2}, {2, plan.Response, 0, 2},
			{1, plan.Request, 2, 3}}, []int{1, 0}},
		"two sinks": {[]timed{{0, plan.Execute, 0, 1}, {1, plan.Execute, 1, 4}, {2, plan.Execute, 1, 3}}, []int{1, 0}},
	} {
		if got := critical(c.steps); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
