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

	"testbed/emulator/internal/builtin"
	"testbed/emulator/plan"
	"testbed/emulator/predict"
	"testbed/emulator/record"
)

// runOf makes a run of chains.
func runOf(t testing.TB, name string, seed uint64, m []Chain, p []predict.Prediction) *Run {
	t.Helper()
	c := NewCollector(Options{Catalogue: builtin.Catalogue(), Seed: seed})
	for i := range p {
		if err := c.Predict(&p[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range m {
		if err := c.Add(&m[i]); err != nil {
			t.Fatal(err)
		}
	}
	r := &Run{
		Name: name, Directory: "results/" + name, Scenario: "iiot", Seed: seed, Arrivals: "sequential",
		Fabric: "userspace", Runtime: "process", Exit: record.OK, Validity: &record.Validity{Verdict: record.Green},
	}
	r.Take(c)
	return r
}

// slower makes every time longer by a share, with noise of the same standard deviation for each chain.
func slower(m []Chain, share, sd float64) []Chain {
	random := rand.New(rand.NewPCG(12, 0))
	out := append([]Chain(nil), m...)
	for i := range out {
		f := 1 + share + sd*random.NormFloat64()
		out[i].Total *= f
		out[i].Network *= f
		out[i].Processing *= f
	}
	return out
}

func TestRunsOfOneScenarioArePaired(t *testing.T) {
	m, p := base(50)
	c := &Comparison{Runs: []*Run{
		runOf(t, "a", 1, m, p), runOf(t, "b", 1, m, p), runOf(t, "c", 1, slower(m, 0.06, 0.02), p),
	}}
	c.Compare()
	if len(c.Differences) != 2*3*4 {
		t.Fatalf("%d differences", len(c.Differences))
	}
	for _, d := range c.Differences {
		switch {
		case !d.Paired || d.Chains != 50:
			t.Errorf("not paired: %+v", d)
		case d.Number == 2 && (d.Ratio != Share{1, 1, 1} || d.This != d.First):
			t.Errorf("identical runs differ: %+v", d)
		case d.Number == 3 && (d.Ratio.Low > 1.06 || d.Ratio.High < 1.06 || d.Ratio.High-d.Ratio.Low > 0.02 ||
			d.Ratio.Low < 1.04):
			t.Errorf("6 %% slower: %+v", d)
		}
	}
}

// Runs of other seeds, scenarios or jobs are independent, and their interval is wide accordingly.
func TestOtherRunsAreNotPaired(t *testing.T) {
	m, p := base(50)
	first := runOf(t, "a", 1, m, p)
	renamed := slower(m, 0.06, 0.02)
	for i := range renamed {
		renamed[i].Job = "other"
	}
	scenario := runOf(t, "c", 1, slower(m, 0.06, 0.02), p)
	scenario.Scenario = "smoke"
	for _, r := range []*Run{runOf(t, "b", 2, slower(m, 0.06, 0.02), p), scenario, runOf(t, "d", 1, renamed, p)} {
		c := &Comparison{Runs: []*Run{first, r}}
		c.Compare()
		for _, d := range c.Differences {
			if d.Quantity != "network" {
				continue
			}
			if d.Paired || d.Chains != 50 || d.Ratio.Low > 1.06 || d.Ratio.High < 1.06 || d.Ratio.High-d.Ratio.Low < 0.08 {
				t.Errorf("%s: %+v", r.Name, d)
			}
		}
	}
}

// Pairs are only those that both runs have.
func TestRunsWithFailedChains(t *testing.T) {
	m, p := base(20)
	other := slower(m, 0.5, 0)
	for i := range 15 {
		other[i].Err = "timeout"
	}
	other = other[:40] // in-function and in-client were not run
	c := &Comparison{Runs: []*Run{runOf(t, "a", 1, m, p), runOf(t, "b", 1, other, p)}}
	c.Compare()
	if len(c.Differences) != 6 || c.Differences[0].Chains != 5 || c.Differences[1].Chains != 20 ||
		math.Abs(c.Differences[0].Ratio.Ratio-1.5) > 1e-12 {
		t.Errorf("%+v", c.Differences)
	}
	empty := &Comparison{Runs: []*Run{runOf(t, "a", 1, nil, p), runOf(t, "b", 1, m, p)}}
	if empty.Compare(); len(empty.Differences) != 0 {
		t.Errorf("%+v", empty.Differences)
	}
}

func TestConditionsBetweenRuns(t *testing.T) {
	m, p := base(50)
	c := &Comparison{Runs: []*Run{
		runOf(t, "a", 1, m, p), runOf(t, "b", 1, m, p), runOf(t, "c", 1, slower(m, 0.06, 0.02), p),
	}}
	c.Compare()
	for text, want := range map[string]int{
		"difference.mean > 5%": 4, "difference.mean > 7%": 0, "difference.low > 4%": 4, "difference.high < 0.1%": 4,
		"in-edge.difference.mean > 5%": 1, "network.difference.mean > 5%": 4, "difference.mean < -1%": 0,
		"difference.mean > 1ms": 4, "error.median > 1%": 4, "paired < 50": 0,
	} {
		condition, err := ParseCondition(text, builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		got, err := condition.CheckRuns(c)
		if err != nil || len(got) != want {
			t.Errorf("%s: %d violations, %v; want %d", text, len(got), err, want)
		}
		for _, v := range got {
			if !strings.Contains(v.String(), v.Run) || v.Run == "" {
				t.Errorf("%q does not name the run", v)
			}
		}
	}
	for text, all := range map[string]*Comparison{
		"difference.mean > 5%":              {Runs: c.Runs[:1]},
		"pure-faas.difference.mean > 5%":    c,
		"in-edge.difference.mean >= 0.001%": {Runs: c.Runs[:2]},
	} {
		condition, err := ParseCondition(text, builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := condition.CheckRuns(all); !errors.Is(err, ErrCondition) {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := condition.Check(c.Runs[0].Reports); !errors.Is(err, ErrCondition) {
			t.Errorf("%s, of one run: %v", text, err)
		}
	}
	if _, err := ParseCondition("transport:difference.mean > 5%", builtin.Catalogue()); !errors.Is(err, ErrCondition) {
		t.Error(err)
	}
}

// What is parsed can be parsed again from its text, and checking never panics.
func FuzzCondition(f *testing.F) {
	for _, s := range []string{
		"error.median > 10%", "transport:in-edge.network.error.p95 >= 0.25", "difference.mean > 5%",
		"difference.low<=-3ms", "states.failed>0", "rank.total < 1", "a.b.c > 1", "bias != 1e400%",
	} {
		f.Add(s)
	}
	m, p := base(3)
	c := &Comparison{Runs: []*Run{runOf(f, "a", 1, m, p), runOf(f, "b", 1, m, p)}}
	c.Compare()
	f.Fuzz(func(t *testing.T, text string) {
		one, err := ParseCondition(text, builtin.Catalogue())
		if err != nil {
			if !errors.Is(err, ErrCondition) {
				t.Fatalf("%v is no ErrCondition", err)
			}
			return
		}
		again, err := ParseCondition(one.String(), builtin.Catalogue())
		if err != nil || again != one {
			t.Fatalf("%q became %+v, %v", text, again, err)
		}
		if _, err := one.CheckRuns(c); err != nil && !errors.Is(err, ErrCondition) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

func TestComparisonAsJSON(t *testing.T) {
	m, p := causal(10)
	c := &Comparison{Runs: []*Run{runOf(t, "a", 1, m, p), runOf(t, "b", 1, m, p)}}
	c.Compare()
	var b bytes.Buffer
	if err := c.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got Comparison
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c.Differences, got.Differences); d != "" || len(got.Runs) != 2 {
		t.Error(d)
	}
	if d := cmp.Diff(c.Runs[0].Reports, got.Runs[0].Reports, notPrinted); d != "" {
		t.Error(d)
	}
}

func TestTables(t *testing.T) {
	m, p := causal(30)
	extra, predictions := base(30)
	for i := range extra {
		if extra[i].Model != plan.External {
			m = append(m, extra[i])
		}
	}
	for i := range predictions {
		if predictions[i].Model != plan.External {
			p = append(p, predictions[i])
		}
	}
	for i := range m {
		m[i].Job = "j"
	}
	c := &Comparison{}
	for i, name := range []string{
		"docker-20260101T000000Z", "process-20260102T000000Z", "later-20260103T000000Z", "last-20260104T000000Z",
	} {
		c.Runs = append(c.Runs, runOf(t, name, 1+uint64(i)/3, slower(m, 0.1*float64(i), 0.01), p))
	}
	for _, r := range c.Runs[0].Reports {
		r.Empty = &EmptyCall{Rest: 0.001}
	}
	c.Compare()
	var b bytes.Buffer
	for _, err := range []error{
		WriteTable(&b, c.Runs[0].Reports, "total"), WriteLengths(&b, c.Runs[0].Reports[0]),
		WriteCauses(&b, c.Runs[0].Reports[0]), WriteCauses(&b, c.Runs[0].Reports[1]),
		WriteRoles(&b, c.Runs[0].Reports[0]), WriteRoles(&b, c.Runs[0].Reports[1]),
		WriteVerdict(&b, c.Runs[0].Reports[0]), WriteVerdict(&b, c.Runs[0].Reports[1]),
		WriteRuns(&b, c, "total"), WriteCauses(&b, &Report{}), WriteVerdict(&b, &Report{}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.SplitSeq(b.String(), "\n") {
		if n := len([]rune(line)); n > Width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	golden(t, "tables.golden", b.String())
}

// golden holds text against a file.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text, "\n")); d != "" {
		t.Errorf("%s changed (UPDATE_GOLDEN=1 accepts it):\n%s", name, d)
	}
}
