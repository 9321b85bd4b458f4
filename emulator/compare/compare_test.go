package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// base are predictions of n chains for each model whose network latencies are in the study's order;
// chain i has 1+i%3 invocations. The chains measured are the same.
func base(n int) ([]Chain, []predict.Prediction) {
	var chains []Chain
	var predictions []predict.Prediction
	latency := map[plan.Model]float64{plan.External: 0.4, plan.InEdge: 0.3, plan.InClient: 0.2, plan.InFunction: 0.1}
	for _, model := range plan.Study {
		for i := range n {
			network := latency[model] * (1 + float64(i)/float64(n))
			p := predict.Prediction{
				Engine: "transport", Job: "j", Index: i, Model: model, Total: network + 1, Network: network, Processing: 1,
				Steps: []predict.StepPrediction{
					{Index: 0, End: network / 2},
					{Index: 1, Start: network / 2, End: network/2 + 1},
					{Index: 2, Start: network/2 + 1, End: network + 1},
				},
			}
			predictions = append(predictions, p)
			chains = append(chains, Chain{
				Job: "j", Index: i, Model: model, Policy: "load", Length: 1 + i%3,
				Total: p.Total, Network: network, Processing: 1, States: 2,
				Steps: []Step{
					{Index: 0, Role: plan.Request, Duration: network / 2}, {Index: 1, Role: plan.Execute, Duration: 1},
					{Index: 2, Role: plan.Response, Duration: p.Steps[2].End - p.Steps[2].Start},
				},
			})
		}
	}
	return chains, predictions
}

// notPrinted is what a report's JSON leaves out.
var notPrinted = cmpopts.IgnoreFields(Report{}, "Reference")

func mustCompare(t *testing.T, m []Chain, p []predict.Prediction) *Report {
	t.Helper()
	r, err := compareOne(m, p, Options{Catalogue: builtin.Catalogue(), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestIdenticalDataGiveZero(t *testing.T) {
	m, p := base(30)
	r := mustCompare(t, m, p)
	if len(r.Models) != 4 || len(r.Lengths) != 12 || r.Models[0].Model != plan.External ||
		r.Unmeasured+r.Unpredicted != 0 {
		t.Fatalf("%d models, %d lengths", len(r.Models), len(r.Lengths))
	}
	for _, g := range append(r.Models, r.Lengths...) {
		for _, q := range []Quantity{g.Total, g.Network, g.Processing} {
			if q.Error != (ErrorStats{}) || q.Difference != (Interval{}) || q.Measured != q.Predicted || q.Measured.Mean <= 0 {
				t.Errorf("%s %d: %+v", g.Model, g.Length, q)
			}
		}
		for _, s := range g.Roles {
			if s.PerChain != 0 || s.Share != 0 {
				t.Errorf("%s: %+v", g.Model, s)
			}
		}
		ofModel := g.Length == 0 && (g.Paired != 30 || g.States != (States{60, 60, 0}))
		if ofModel || g.Length > 0 && g.Paired != 10 {
			t.Errorf("%s %d: %d pairs, states %+v", g.Model, g.Length, g.Paired, g.States)
		}
	}
	if *r.TauTotal != 1 || *r.TauNetwork != 1 || !r.Order.Holds || len(r.Order.Relations) != 3 {
		t.Errorf("tau %v %v, order %+v", *r.TauTotal, *r.TauNetwork, r.Order)
	}
}

// A planted bias of 25 % and noise of sd 5 % come out as what they are.
func TestPlantedBiasAndNoise(t *testing.T) {
	m, p := base(400)
	random := rand.New(rand.NewPCG(3, 0))
	planted := 0.0
	for i := range m {
		m[i].Network *= 1.25 * math.Exp(0.05*random.NormFloat64())
		m[i].Total = m[i].Network + m[i].Processing
		if m[i].Model == plan.External {
			planted += (m[i].Network - p[i].Network) / 400
		}
	}
	r := mustCompare(t, m, p)
	q := r.Models[0].Network
	if want := 1 - 1/1.25; math.Abs(q.Error.Bias-want) > 0.01 || math.Abs(q.Error.Median-want) > 0.01 {
		t.Errorf("bias %.4f, median %.4f; planted %.4f", q.Error.Bias, q.Error.Median, want)
	}
	// 95th percentile: 1 - 1/(1.25·e^(1.645·0.05)).
	if want := 1 - 1/(1.25*math.Exp(1.645*0.05)); math.Abs(q.Error.P95-want) > 0.015 {
		t.Errorf("p95 %.4f; planted %.4f", q.Error.P95, want)
	}
	d := q.Difference
	if math.Abs(d.Mean-planted) > 1e-12 || d.Low >= d.Mean || d.High <= d.Mean || d.High-d.Low > 0.02 || d.Low < 0.1 {
		t.Errorf("difference %+v; planted %.5f", d, planted)
	}
	if p := r.Models[0].Processing; p.Error != (ErrorStats{}) {
		t.Errorf("processing has an error: %+v", p)
	}
	if again := mustCompare(t, m, p); cmp.Diff(r, again) != "" {
		t.Error("the same seed gives another report")
	}
	other, _ := compareOne(m, p, Options{Catalogue: builtin.Catalogue(), Seed: 2})
	if other.Models[0].Network.Difference == q.Difference {
		t.Error("the bootstrap ignores its seed")
	}
}

func TestRolesLocateTheError(t *testing.T) {
	m, p := base(10)
	for i := range m {
		m[i].Steps[2].Duration += 0.03 // response
		m[i].Steps[0].Duration -= 0.01 // request
	}
	got := mustCompare(t, m, p).Models[1].Roles
	if len(got) != 3 || got[0].Role != "request" || got[1].Role != "execute" || got[2].Role != "response" {
		t.Fatalf("%+v", got)
	}
	for i, want := range []Role{{PerChain: -0.01, Share: 0.25}, {}, {PerChain: 0.03, Share: 0.75}} {
		if math.Abs(got[i].PerChain-want.PerChain) > 1e-9 || math.Abs(got[i].Share-want.Share) > 1e-9 || got[i].Steps != 10 {
			t.Errorf("%+v; want %+v", got[i], want)
		}
	}
}

func TestErrorsStatesAndMissingPairs(t *testing.T) {
	m, p := base(6)
	m[0].Err, m[0].Total = "connection refused", math.NaN()
	m[1].Lost = 1
	m = append(m, Chain{Model: plan.External, Index: 77, Policy: "load", Length: 1, Total: 1})
	r := mustCompare(t, m, p[:len(p)-2])
	if g := r.Models[0]; g.Chains != 7 || g.Errors != 1 || g.Paired != 5 || g.States != (States{12, 11, 1}) {
		t.Errorf("%+v", g)
	}
	if r.Unpredicted != 3 || r.Unmeasured != 0 {
		t.Errorf("%d unpredicted, %d unmeasured", r.Unpredicted, r.Unmeasured)
	}
	if r = mustCompare(t, m[6:], p); r.Unmeasured != 6 {
		t.Errorf("%d unmeasured, want external's 6", r.Unmeasured)
	}
	r = mustCompare(t, m[:6], nil)
	if g := r.Models[0]; g.Paired != 0 || g.Total.Measured.Mean == 0 || r.TauTotal != nil || r.Order.Holds {
		t.Errorf("without predictions: %+v", r)
	}
}

func TestOrderDoesNotHold(t *testing.T) {
	m, p := base(20)
	for i := range m {
		if m[i].Model == plan.InClient {
			m[i].Network += 1
		}
	}
	o := mustCompare(t, m, p).Order
	if o.Holds || !o.Relations[0].Holds || o.Relations[1].Holds || !o.Relations[2].Holds || o.violations() != 1 {
		t.Errorf("%+v", o)
	}
	d := o.Relations[1]
	if math.Abs(d.LeftMean-d.RightMean-d.Difference.Mean) > 1e-12 || d.Difference.Mean > -0.8 || d.Chains != 20 {
		t.Errorf("%+v", d)
	}
	// >= is not violated by noise, and is by more.
	for shift, want := range map[float64]Decision{0.00001: Undecided, 0.05: No} {
		m, p := base(20)
		random := rand.New(rand.NewPCG(1, 1))
		for i := range m {
			if m[i].Model == plan.InClient {
				m[i].Network = m[i-20].Network - shift + 0.001*random.NormFloat64()
			}
		}
		if got := mustCompare(t, m, p).Order.Relations[2].Verdict; got != want {
			t.Errorf("in-client below in-function by %v s: %v", shift, got)
		}
	}
}

func TestBadInput(t *testing.T) {
	m, p := base(2)
	change := func(f func(m []Chain, p []predict.Prediction)) error {
		m, p := append([]Chain(nil), m...), append([]predict.Prediction(nil), p...)
		f(m, p)
		_, err := compareOne(m, p, Options{Catalogue: builtin.Catalogue()})
		return err
	}
	for name, f := range map[string]func([]Chain, []predict.Prediction){
		"twice":     func(_ []Chain, p []predict.Prediction) { p[1] = p[0] },
		"policies":  func(m []Chain, _ []predict.Prediction) { m[3].Policy = "load+net" },
		"nan":       func(m []Chain, _ []predict.Prediction) { m[3].Network = math.NaN() },
		"negative":  func(m []Chain, _ []predict.Prediction) { m[3].Total = -1 },
		"infinite":  func(_ []Chain, p []predict.Prediction) { p[3].Total = math.Inf(1) },
		"step time": func(m []Chain, _ []predict.Prediction) { m[0].Steps = []Step{{Duration: -1}} },
	} {
		if err := change(f); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := change(func([]Chain, []predict.Prediction) {}); err != nil {
		t.Error(err)
	}
}

func twoEngines(t *testing.T) []*Report {
	t.Helper()
	m, p := base(20)
	for _, one := range p {
		one.Engine = "statesim"
		one.Network *= 0.8
		one.Total = one.Network + one.Processing
		p = append(p, one)
	}
	m[0].Err, m[25].Lost = "timeout", 1
	reports, err := All(m, p, Options{Catalogue: builtin.Catalogue(), Seed: 1})
	if err != nil || len(reports) != 2 || reports[0].Engine != "transport" || reports[1].Engine != "statesim" {
		t.Fatal(reports, err)
	}
	return reports
}

func TestJSONRoundTrip(t *testing.T) {
	want := twoEngines(t)
	var b bytes.Buffer
	if err := WriteJSON(&b, want); err != nil {
		t.Fatal(err)
	}
	var names []struct {
		Models []struct {
			Network struct {
				Error struct {
					Median *float64 `json:"median_ratio"`
				} `json:"error"`
			} `json:"network"`
		} `json:"models"`
	}
	if err := json.Unmarshal(b.Bytes(), &names); err != nil || names[0].Models[0].Network.Error.Median == nil {
		t.Errorf("%v in %s", err, b.String())
	}
	got, err := ReadJSON(&b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, notPrinted); d != "" {
		t.Error(d)
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	reports := twoEngines(t)
	for _, err := range []error{
		WriteTable(&b, reports[:1], "total"), WriteTable(&b, reports, "network"), WriteRoles(&b, reports[1]),
		WriteTable(&b, nil, "total"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	golden := filepath.Join("testdata", "table.golden")
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
		t.Errorf("the table changed (UPDATE_GOLDEN=1 accepts it):\n%s", d)
	}
}

// compareOne is All with the predictions of one engine.
func compareOne(measured []Chain, predicted []predict.Prediction, o Options) (*Report, error) {
	reports, err := All(measured, predicted, o)
	if err != nil {
		return nil, err
	}
	return reports[0], nil
}
