package study

import (
	"os"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/campaign"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict/statesim"
	"testbed/emulator/report/figures"
)

// engine is a campaign whose network latencies are those of a model, by length of chains, and of a second kind that
// takes slower times as long in the repository models.
func engine(name string, slower float64) Engine {
	spec := campaign.Spec{Jobs: []int{100, 200}, Replications: 3, Models: plan.Study,
		Policies: slices.Clone(placement.Policies)}
	r := campaign.NewResults(spec)
	network := map[plan.Model]float64{
		plan.External: 0.8 * slower, plan.InEdge: 0.5 * slower, plan.InFunction: 0.1, plan.InClient: 0.11,
	}
	for _, jobs := range spec.Jobs {
		for seed := range uint64(3) {
			for _, policy := range spec.Policies {
				for _, m := range spec.Models {
					b := &campaign.Block{Jobs: jobs, Seed: seed, Policy: policy, Model: m}
					for length := 1; length <= 6; length++ {
						b.Rows = append(b.Rows, statesim.Row{
							Processing: 0.01, Network: network[m] * float64(length) * (1 + 0.01*float64(seed)), Traffic: 1e6, Length: length,
						})
					}
					r.Add(b)
				}
			}
		}
	}
	return Engine{name, r}
}

func TestJudgementsNameWhoDisagrees(t *testing.T) {
	all := Judge([]Engine{engine(figures.Measured, 1), engine("transport", 1), engine("statesim", 0.1)})
	const claim = "external and in-edge have a much higher latency than the others"
	var disagreed []string
	for _, j := range all {
		if len(j.By) != 3 || j.By[0].Engine != figures.Measured || j.By[2].Engine != "statesim" {
			t.Fatalf("%s: %+v", j.Claim, j.By)
		}
		if !j.Agreed {
			disagreed = append(disagreed, j.Claim)
		}
	}
	if !slices.Contains(disagreed, claim) || !slices.Equal(disagreed, Disagreements(all)) {
		t.Errorf("disagreements: %q", disagreed)
	}
	i := slices.IndexFunc(all, func(j Judgement) bool { return j.Claim == claim })
	if a, b := all[i].By[0].Verdict(), all[i].By[2].Verdict(); a != "holds" || b != "does not hold" {
		t.Errorf("measured %s, statesim %s", a, b)
	}
	var text strings.Builder
	if err := WriteJudgements(&text, all); err != nil {
		t.Fatal(err)
	}
	if want := "| " + claim + " | **holds** | **holds** | **does not hold** |\n"; !strings.Contains(text.String(), want) {
		t.Errorf("no line %q in\n%s", want, text.String())
	}
}

func TestOverlayHasASeriesOfEachEngine(t *testing.T) {
	engines := []Engine{engine(figures.Measured, 1), engine("transport", 1.1), engine("statesim", 0.1)}
	var names []string
	for _, f := range Overlay(engines, builtin.Catalogue()) {
		names = append(names, f.Name)
		series := map[string]int{}
		for _, c := range f.Curves {
			series[c.Policy]++
			if len(c.Points) == 0 {
				t.Errorf("%s: nothing of %s by %s", f.Name, c.Model, c.Policy)
			}
		}
		for _, e := range engines {
			if series[e.Name] != len(plan.Study) {
				t.Errorf("%s: %d models by %s", f.Name, series[e.Name], e.Name)
			}
		}
		if _, err := f.Write(out(t)); err != nil {
			t.Error(err)
		}
	}
	want := []string{figures.TrafficName + "-load", figures.TrafficName, figures.LatencyName, figures.LengthName}
	if slices.Sort(names); !slices.Equal(names, slices.Sorted(slices.Values(want))) {
		t.Errorf("figures %q", names)
	}
}

// out is where figures go: FIGURES, to look at them.
func out(t *testing.T) string {
	if dir := os.Getenv("FIGURES"); dir != "" {
		return dir
	}
	return t.TempDir()
}
