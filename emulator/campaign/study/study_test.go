package study

import (
	"bytes"
	"context"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/campaign"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/internal/reference"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict/statesim"
)

var update = flag.Bool("update", false, "write the baseline anew")

func TestScenarioEqualsShipped(t *testing.T) {
	shipped, err := os.ReadFile("../../../scenarios/paper.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(shipped, paper) {
		t.Error("scenarios/paper.yaml and the copy here differ: cp scenarios/paper.yaml emulator/campaign/study/")
	}
}

// TestBaseline notices any change of the study's results: of the synthesis, the chains, the placement,
// the simulator, the statistics or the verdicts. It takes the first four replications of the campaign. Where
// a change is meant: go test ./emulator/campaign/study -update
func TestBaseline(t *testing.T) {
	s, err := Scenario(builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	simulation, notes, err := campaign.Simulation(s)
	if err != nil || len(notes) > 0 {
		t.Fatal(err, notes)
	}
	spec := campaign.Study()
	spec.Replications = 4
	r, err := campaign.Run(context.Background(), campaign.Config{Spec: spec, Simulation: simulation})
	if err != nil {
		t.Fatal(err)
	}
	var summary, statements bytes.Buffer
	if err := r.WriteSummary(&summary); err != nil {
		t.Fatal(err)
	}
	if err := WriteTable(&statements, Statements(r)); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]*bytes.Buffer{"paper-summary.csv": &summary, "paper-statements.md": &statements} {
		path := filepath.Join("..", "..", "..", "results", "baseline", name)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		compareLines(t, name, got.String(), string(want))
	}
}

// TestPublishedTopology: on the published topology the study's simulations are those on the synthesized one.
func TestPublishedTopology(t *testing.T) {
	published, _, _ := reference.Load(t, "../../..")
	s, err := Scenario(builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	var texts [2]bytes.Buffer
	for i := range texts {
		simulation, _, err := campaign.Simulation(s)
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			simulation.Topology, simulation.Clients = published, nil
		}
		spec := campaign.Study()
		spec.Replications = 3
		r, err := campaign.Run(t.Context(), campaign.Config{Spec: spec, Simulation: simulation})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.WriteSummary(&texts[i]); err != nil {
			t.Fatal(err)
		}
	}
	compareLines(t, "summary.csv", texts[1].String(), texts[0].String())
}

// TestPublishedFigure6: the study's figure ends at chains of 22 invocations, which take 3.8 s with state in the cloud.
func TestPublishedFigure6(t *testing.T) {
	s, err := Scenario(builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	simulation, _, err := campaign.Simulation(s)
	if err != nil {
		t.Fatal(err)
	}
	spec := campaign.Study()
	spec.Jobs, spec.Policies = []int{500}, []placement.Policy{placement.LoadNet}
	spec.Models, spec.Replications = []plan.Model{plan.External}, 40
	r, err := campaign.Run(t.Context(), campaign.Config{Spec: spec, Simulation: simulation})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pooled(r)[0].Points {
		if p.X == 22 && math.Abs(p.Y-3.8) < 0.05 {
			return
		}
	}
	t.Error("no mean of 3.8 s at length 22")
}

func compareLines(t *testing.T, name, got, want string) {
	t.Helper()
	if len(want) == 0 || len(want) > 20_000 {
		t.Errorf("%s has %d bytes", name, len(want))
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("%s:%d\n got %s\nwant %s", name, i+1, g[i], w[i])
			return
		}
	}
	if len(g) != len(w) {
		t.Errorf("%s: %d lines, want %d", name, len(g), len(w))
	}
}

// invented are results in which a model's network latency is a number of milliseconds per invocation, and
// its traffic so many MB, under load+net; under load all traffic is 10 MB.
func invented(network func(m plan.Model, length int) float64, traffic map[plan.Model]int64) *campaign.Results {
	return inventedTraffic(network, func(_ int, p placement.Policy, m plan.Model) int64 {
		if p == placement.LoadNet {
			return traffic[m] * 1e6
		}
		return 10e6
	})
}

// inventedTraffic is invented with the bytes of each chain by load, policy and model.
func inventedTraffic(
	network func(m plan.Model, length int) float64, traffic func(jobs int, p placement.Policy, m plan.Model) int64,
) *campaign.Results {
	spec := campaign.Study()
	spec.Replications = 3
	r := campaign.NewResults(spec)
	for _, jobs := range spec.Jobs {
		for seed := range uint64(3) {
			for _, p := range spec.Policies {
				for _, m := range spec.Models {
					b := &campaign.Block{Jobs: jobs, Seed: seed, Policy: p, Model: m}
					for length := 1; length <= 40; length++ {
						row := statesim.Row{Network: network(m, length) / 1e3, Length: length, Traffic: traffic(jobs, p, m)}
						row.Network *= 1 + float64(seed)/1000
						b.Rows = append(b.Rows, row)
					}
					r.Add(b)
				}
			}
		}
	}
	return r
}

// verdicts are h for holds, n for does not hold, u for undecided, - for not checked.
func verdicts(statements []Statement) string {
	var all strings.Builder
	for _, s := range statements {
		all.WriteString(map[string]string{
			"holds": "h", "does not hold": "n", "undecided": "u", "not checked": "-",
		}[s.Verdict()])
	}
	return all.String()
}

func TestVerdicts(t *testing.T) {
	as := func(external, edge, function, client float64) func(plan.Model, int) float64 {
		return func(m plan.Model, length int) float64 {
			latencies := map[plan.Model]float64{
				plan.External: external, plan.InEdge: edge, plan.InFunction: function, plan.InClient: client,
			}
			return latencies[m] * float64(length)
		}
	}
	longest := func(m plan.Model, length int) float64 { // the study's words
		value := as(30, 20, 10, 10.1)(m, length)
		if m == plan.InClient && length > 38 {
			value *= 1.5
		}
		return value
	}
	few := map[plan.Model]int64{plan.External: 2, plan.InEdge: 4, plan.InFunction: 1, plan.InClient: 2}
	much := map[plan.Model]int64{plan.External: 2, plan.InEdge: 6, plan.InFunction: 1, plan.InClient: 2}
	worst := map[plan.Model]int64{plan.External: 4, plan.InEdge: 3, plan.InFunction: 1, plan.InClient: 2}
	for _, c := range []struct {
		name    string
		network func(plan.Model, int) float64
		traffic map[plan.Model]int64
		want    string
	}{
		{"as the study says", longest, few, "hhhhhh"},
		{"in-edge no slower than in-client", as(30, 10, 9, 10), few, "nhhhnn"},
		{"in-client faster", as(30, 20, 10, 9), few, "hnhhnn"},
		{"in-client much slower", as(30, 30, 10, 19), few, "hnhhnn"},
		{"much traffic", longest, much, "hhnhhh"},
		{"external the worst in traffic", longest, worst, "hhhnhh"},
	} {
		got := Statements(invented(c.network, c.traffic))
		if v := verdicts(got[:6]); v != c.want {
			var table bytes.Buffer
			_ = WriteTable(&table, got)
			t.Errorf("%s: %s, want %s\n%s", c.name, v, c.want, &table)
		}
	}
}

// Campaigns that lack what a statement is about get no verdict on it, and figures of what there is.
func TestPartsOfTheCampaign(t *testing.T) {
	full := invented(func(_ plan.Model, length int) float64 { return float64(length) }, nil)
	part := *full
	part.Spec.Policies = []placement.Policy{placement.LoadNet}
	if v := verdicts(Statements(&part)); v[2] != '-' || v[3] == '-' {
		t.Errorf("without the policy load: %s", v)
	}
	part.Spec.Models = []plan.Model{plan.InEdge, plan.StateLocal}
	got := Statements(&part)
	if v := verdicts(got); v != strings.Repeat("-", len(checks)) || !strings.Contains(got[0].Missing, "in-client") {
		t.Errorf("without models: %s %+v", v, got[0])
	}
	part.Spec.Models = []plan.Model{plan.InEdge}
	for _, f := range Figures(&part, builtin.Catalogue()) {
		if _, err := f.Render("svg"); err != nil || len(f.Curves) != 1 {
			t.Errorf("%s: %d curves, %v", f.Name, len(f.Curves), err)
		}
	}
	if v := verdicts(Statements(campaign.NewResults(campaign.Study()))); v != strings.Repeat("-", len(checks)) {
		t.Errorf("without chains: %s", v)
	}
}

// The points of the figures are the means of the replications.
func TestFiguresHoldTheMeans(t *testing.T) {
	linear := func(m plan.Model, length int) float64 { return float64(length) * 1000 }
	r := invented(linear, map[plan.Model]int64{plan.InEdge: 4})
	figures := Figures(r, builtin.Catalogue())
	// Traffic: 8 curves of 5 loads; in-edge under load+net has 4 MB in all replications.
	c := figures[0].Curves
	if len(c) != 8 || len(c[5].Points) != 5 || c[5].Model != "in-edge" || c[5].Policy != "load+net" ||
		c[5].Points[2].Y != 4 || c[5].Points[2].X != 300 {
		t.Errorf("%+v", c)
	}
	// Latency of lengths 1 to 40 s, a thousandth more with each of three seeds: the median of all is near 20.5 s.
	if p := figures[1].Curves[0].Points[100]; p.X != 0.5 || p.Y < 20.3 || p.Y > 20.7 || p.Samples != 3 {
		t.Errorf("%+v", p)
	}
	// Length 7: 7, 7.007 and 7.014 s; t with 2 degrees of freedom is 4.302653, half is that times 0.007/sqrt(3).
	p := figures[2].Curves[3].Points[6]
	if half := p.High - p.Y; p.X != 7 || p.Y < 7.006999 || p.Y > 7.007001 || half < 0.017388 || half > 0.017390 {
		t.Errorf("%+v", p)
	}
}
