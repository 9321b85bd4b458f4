package run

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"testbed/emulator/workload"
)

// A workload with DAGs is measured, and predicted by those predictors that know them; by the others where the scenario
// says that they may linearize.
func TestDAGsAreNotPredictedByAll(t *testing.T) {
	for _, linearize := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b, c := newBed(t, "")
			b.e.Source.Linearize = linearize
			i := slices.IndexFunc(b.e.Jobs, func(j workload.Job) bool { return j.Length() > 1 })
			if i < 0 {
				t.Fatal("no job has two tasks")
			}
			b.e.Jobs[i].Tasks[1].After = nil
			var phases []string
			c.Phase = func(s string) { phases = append(phases, s) }
			o, err := Run(t.Context(), c)
			if err != nil || o.Failures() != 0 {
				t.Fatalf("%v, %+v", err, o)
			}
			var engines []string
			for _, r := range o.Reports {
				engines = append(engines, r.Engine)
			}
			said := slices.ContainsFunc(phases, func(s string) bool {
				return strings.HasPrefix(s, "nothing is predicted by statesim") && strings.Contains(s, "linearize: true")
			})
			want := []string{"transport"}
			if linearize {
				want = append(want, "statesim")
			}
			if !slices.Equal(engines, want) || said == linearize {
				t.Errorf("linearize %v: predicted by %v, phases %q", linearize, engines, phases)
			}
		})
	}
}
