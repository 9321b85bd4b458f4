package predict

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/plan"
)

func steplist(after ...[]int) *plan.Plan {
	p := &plan.Plan{Job: "j_1", Model: plan.External}
	for i, a := range after {
		kind := plan.Transfer
		if i%2 == 1 {
			kind = plan.Compute
		}
		p.Steps = append(p.Steps, plan.Step{Kind: kind, After: a})
	}
	return p
}

func times(d ...float64) func(int, float64) (float64, error) {
	return func(i int, _ float64) (float64, error) { return d[i], nil }
}

func TestEvaluateLine(t *testing.T) {
	p := steplist(nil, []int{0}, []int{1})
	s, err := Evaluate(p, times(1, 2, 4))
	if err != nil || s.Total != 7 || !slices.Equal(s.Critical, []int{0, 1, 2}) {
		t.Fatalf("%+v, %v", s, err)
	}
	if n, c := s.Split(p); n != 5 || c != 2 {
		t.Errorf("network %v, processing %v; want 5 and 2", n, c)
	}
}

// A diamond whose steps are listed against their order: 3 first, then 1 and 2 beside each other, 0 last.
func TestEvaluateDiamond(t *testing.T) {
	p := steplist([]int{1, 2}, []int{3}, []int{3}, nil)
	var asked []int
	s, err := Evaluate(p, func(i int, start float64) (float64, error) {
		asked = append(asked, i)
		return []float64{1, 5, 3, 2}[i], nil
	})
	if err != nil || s.Total != 8 || !slices.Equal(s.Critical, []int{3, 1, 0}) {
		t.Fatalf("%+v, %v", s, err)
	}
	if !slices.Equal(asked, []int{3, 1, 2, 0}) {
		t.Errorf("evaluated in the order %v", asked)
	}
	want := []StepPrediction{{0, 7, 8}, {1, 2, 7}, {2, 2, 5}, {3, 0, 2}}
	if d := cmp.Diff(want, s.Steps); d != "" {
		t.Error(d)
	}
	if n, c := s.Split(p); n+c != s.Total || c != 7 {
		t.Errorf("network %v, processing %v of %v", n, c, s.Total)
	}
}

func TestEvaluateErrors(t *testing.T) {
	for name, p := range map[string]*plan.Plan{
		"cycle": steplist([]int{1}, []int{0}), "self": steplist([]int{0}), "dangling": steplist([]int{7}),
		"negative": steplist([]int{-1}),
	} {
		if _, err := Evaluate(p, times(1, 1)); !errors.Is(err, ErrOrder) || !strings.Contains(err.Error(), "j_1") {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := errors.New("broken")
	_, err := Evaluate(steplist(nil), func(int, float64) (float64, error) { return 0, broken })
	if !errors.Is(err, broken) {
		t.Errorf("the duration's error became %v", err)
	}
	if s, err := Evaluate(steplist(), nil); err != nil || s.Total != 0 {
		t.Errorf("an empty plan: %+v, %v", s, err)
	}
}

func TestCSVRoundTrip(t *testing.T) {
	want := []Prediction{
		{
			Engine: "transport", Job: "j_1, \"x\"", Index: 3, Model: plan.InEdge,
			Total: 1.0 / 3, Network: 1e-9, Processing: 0.1, Traffic: math.MaxInt64,
			Steps: []StepPrediction{{0, 0, 0.1}, {1, 0.1, 1.0 / 3}},
			Parts: []Parts{{1, 2, 3, 4, 5, 6, 7}, {Propagation: -7, Processing: 1e18}}, Starts: []int{1, 0, 2},
		},
		{Engine: "transport", Job: "j_3", Index: 4, Model: plan.InEdge, Steps: []StepPrediction{{0, 0, 1}}},
		{Engine: "statesim", Job: "j_2", Model: plan.External},
	}
	var b bytes.Buffer
	if err := WriteCSV(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := readCSV(&b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Files that were written before there were parts are read.
func TestCSVWithoutParts(t *testing.T) {
	got, err := readCSV(strings.NewReader(strings.Join(firstColumns, ",") + "\nt,j,3,external,1,0.5,0.5,7,0:0.5;0.5:1\n"))
	want := []Prediction{{
		Engine: "t", Job: "j", Index: 3, Model: plan.External, Total: 1, Network: 0.5, Processing: 0.5, Traffic: 7,
		Steps: []StepPrediction{{0, 0, 0.5}, {1, 0.5, 1}},
	}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
}

func TestCSVErrors(t *testing.T) {
	head := strings.Join(columns(), ",") + "\n"
	for name, text := range map[string]string{
		"empty": "", "header": "a,b\n", "columns": strings.Replace(head, "total_s", "total_ms", 1),
		"count":       head + "x\n",
		"number":      head + "e,j,0,m,zz,0,0,0,,,,,,,,,\n",
		"nan":         head + "e,j,0,m,NaN,0,0,0,,,,,,,,,\n",
		"steps":       head + "e,j,0,m,1,0,0,0,1,,,,,,,,\n",
		"fewer parts": head + "e,j,0,m,1,0,0,0,0:1;1:2,1;1,1;1,1;1,1;1,1;1,1,1,\n",
		"no number":   head + "e,j,0,m,1,0,0,0,0:1,1,1,x,1,1,1,1,\n",
		"some parts":  head + "e,j,0,m,1,0,0,0,0:1,1,1,,1,1,1,1,\n",
		"starts":      head + "e,j,0,m,1,0,0,0,0:1,1,1,1,1,1,1,1,x\n",
		"many starts": head + "e,j,0,m,1,0,0,0,0:1,1,1,1,1,1,1,1,2\n",
		"replays":     head + "e,j,0,m,1,0,0,0,0:1,1,1,1,1,1,1,1,0" + strings.Repeat(";0", mostReplays) + "\n",
		"huge parts":  head + "e,j,0,m,1,0,0,0,0:1,9000000000000000000,1,1,1,1,1,1,\n",
	} {
		if _, err := readCSV(strings.NewReader(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	second := head + "e,j,0,m,1,0,0,0,,,,,,,,,\ne,j,0,m,zz,0,0,0,,,,,,,,,\n"
	if _, err := readCSV(strings.NewReader(second)); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("the line is not named: %v", err)
	}
}

// What is read can be written, and reads back as the same.
func FuzzReadCSV(f *testing.F) {
	f.Add(strings.Join(columns(), ",") + "\nt,j,0,external,1,0.5,0.5,7,0:0.5;0.5:1,,,,,,,,\n")
	f.Add(strings.Join(columns()[:len(columns())-2], ",") +
		"\nt,j,0,external,1,0.5,0.5,7,0:0.5;0.5:1,1;2,1;2,1;2,1;2,1;2,1;2\n")
	f.Add(strings.Join(firstColumns, ",") + "\nt,j,0,external,1,0.5,0.5,7,0:0.5;0.5:1\n")
	f.Add(strings.Join(columns(), ",") + "\nt,j,0,external,1,0.5,0.5,7,0:0.5;0.5:1,1;2,1;2,1;2,1;2,1;2,1;2,1;2,0;2\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := readCSV(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("%v is no ErrFormat", err)
			}
			return
		}
		var b bytes.Buffer
		if err := WriteCSV(&b, p); err != nil {
			t.Fatal(err)
		}
		again, err := readCSV(&b)
		if err != nil || !cmp.Equal(p, again) {
			t.Fatalf("%v\n%s", err, cmp.Diff(p, again))
		}
	})
}

// readCSV collects what EachCSV reads.
func readCSV(r io.Reader) ([]Prediction, error) {
	var all []Prediction
	err := EachCSV(r, func(p *Prediction) error {
		one := *p
		one.Steps, one.Parts = append([]StepPrediction(nil), p.Steps...), append([]Parts(nil), p.Parts...)
		one.Starts = slices.Clone(p.Starts)
		all = append(all, one)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// A line stays what it is; branches come one after the other, and the plan given is left alone.
func TestLinearize(t *testing.T) {
	line, fork := steplist(nil, []int{0}, []int{0, 1}), steplist(nil, []int{0}, []int{0}, []int{1, 2})
	if !Linear(line) || Linear(fork) || !Linear(&plan.Plan{}) {
		t.Errorf("linear: %v, %v, %v", Linear(line), Linear(fork), Linear(&plan.Plan{}))
	}
	got := Linearize(fork)
	s, err := Evaluate(got, times(1, 2, 4, 8))
	if err != nil || s.Total != 15 || !Linear(got) {
		t.Errorf("%+v, %v", s, err)
	}
	if !slices.Equal(fork.Steps[2].After, []int{0}) {
		t.Errorf("the plan was changed: %+v", fork.Steps)
	}
}
