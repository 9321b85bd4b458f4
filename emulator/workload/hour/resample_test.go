package hour

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"testbed/emulator/internal/statistics"
	"testbed/emulator/workload"
	"testbed/emulator/workload/spar"
)

// quantities are what jobs are compared by.
var quantities = map[string]func(*spar.Job, *workload.Job) []float64{
	"tasks": func(j *spar.Job, _ *workload.Job) []float64 { return []float64{float64(len(j.Tasks))} },
	"duration": func(j *spar.Job, _ *workload.Job) []float64 {
		return each(j, func(t *spar.Task) float64 { return t.Duration })
	},
	"cpu": func(j *spar.Job, _ *workload.Job) []float64 {
		return each(j, func(t *spar.Task) float64 { return t.CPU })
	},
	"mem": func(j *spar.Job, _ *workload.Job) []float64 {
		return each(j, func(t *spar.Task) float64 { return t.Mem })
	},
	"stateful": func(_ *spar.Job, c *workload.Job) []float64 {
		if c == nil {
			return []float64{0}
		}
		return []float64{1}
	},
	"length": func(_ *spar.Job, c *workload.Job) []float64 {
		if c == nil {
			return nil
		}
		return []float64{float64(c.Length())}
	},
	"states": func(_ *spar.Job, c *workload.Job) []float64 {
		if c == nil {
			return nil
		}
		return []float64{float64(len(c.States))}
	},
}

func each(j *spar.Job, of func(*spar.Task) float64) []float64 {
	var all []float64
	for i := range j.Tasks {
		all = append(all, of(&j.Tasks[i]))
	}
	return all
}

// sample is all values of a quantity in a trace, ascending.
func sample(t *spar.Trace, of func(*spar.Job, *workload.Job) []float64) []float64 {
	chains := map[string]*workload.Job{}
	jobs := t.Chains(workload.DefaultOptions())
	for i := range jobs {
		chains[jobs[i].Name] = &jobs[i]
	}
	var all []float64
	for i := range t.Jobs {
		j := &t.Jobs[i]
		all = append(all, of(j, chains[fmt.Sprintf("j_%d", j.Number)])...)
	}
	slices.Sort(all)
	return all
}

// distance is the Kolmogorov-Smirnov statistic of two samples, ascending: the largest difference of their
// distributions.
func distance(a, b []float64) (d float64) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		v := min(a[i], b[j])
		for i < len(a) && a[i] == v {
			i++
		}
		for j < len(b) && b[j] == v {
			j++
		}
		d = max(d, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return d
}

// Jobs that are drawn whole have the hour's distributions, to what chance allows at a level of one in a thousand.
func TestResampledJobsAreThoseOfTheHour(t *testing.T) {
	hour, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := Resample(16_749, 3)
	if err != nil {
		t.Fatal(err)
	}
	for name, of := range quantities {
		a, b := sample(hour, of), sample(drawn, of)
		d := distance(a, b)
		// Tasks of one job are no independent draws: a job counts once.
		n := float64(min(len(a), len(hour.Jobs))) * float64(min(len(b), len(drawn.Jobs))) /
			float64(min(len(a), len(hour.Jobs))+min(len(b), len(drawn.Jobs)))
		if limit := 1.95 / math.Sqrt(n); d > limit {
			t.Errorf("%s: distance %.4f, at most %.4f by chance", name, d, limit)
		}
		t.Logf("%-9s mean %.4g in the hour, %.4g drawn; distance %.4f", name, statistics.Mean(a), statistics.Mean(b), d)
	}
	if last := drawn.Jobs[len(drawn.Jobs)-1].Arrival.Seconds(); math.Abs(last-3600) > 120 {
		t.Errorf("the last of an hour's jobs arrives after %v s", last)
	}
	few, err := Resample(100, 3)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(few.Jobs, drawn.Jobs[:100]); d != "" {
		t.Errorf("a shorter trace is not the longer one's begin:\n%s", d)
	}
	if other, err := Resample(100, 4); err != nil || cmp.Equal(few.Jobs, other.Jobs) {
		t.Error("another seed draws the same", err)
	}
}

// How far Spår's synthesis is from the hour, which is its own affair, is printed and bounded.
func TestSynthesizedJobsAreNotThoseOfTheHour(t *testing.T) {
	hour, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	drawn := spar.Synthesize(16_749, 3)
	for name, most := range map[string]float64{
		"tasks": 0.25, "duration": 0.2, "cpu": 0.06, "mem": 0.06, "stateful": 0.2, "length": 0.5, "states": 0.2,
	} {
		a, b := sample(hour, quantities[name]), sample(drawn, quantities[name])
		d := distance(a, b)
		t.Logf("%-9s mean %.4g in the hour, %.4g synthesized; distance %.4f", name, statistics.Mean(a), statistics.Mean(b), d)
		if d > most {
			t.Errorf("%s: distance %.4f, more than %v", name, d, most)
		}
	}
}
