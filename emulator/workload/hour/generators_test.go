package hour_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/builtin"
	"testbed/emulator/internal/statistics"
	"testbed/emulator/workload"
	"testbed/emulator/workload/hour"
	"testbed/emulator/workload/spar"
)

// quantity is what traces are compared by.
type quantity struct {
	name string
	// of gives a job's values; the chain is nil where the job has no state.
	of func(j *spar.Job, c *workload.Job) []float64
	// synthesized is how far Spår's synthesis may be from the hour, in the Kolmogorov-Smirnov distance and in Cliff's
	// delta. That it is as far is its own affair; that it gets no farther is held here.
	synthesized [2]float64
}

var quantities = []quantity{
	{"tasks", ofJob(func(j *spar.Job) float64 { return float64(len(j.Tasks)) }), [2]float64{0.2, 0.22}},
	{"duration s", ofTasks(func(t *spar.Task) float64 { return t.Duration }), [2]float64{0.17, 0.2}},
	{"cpu %", ofTasks(func(t *spar.Task) float64 { return t.CPU }), [2]float64{0.06, 0.06}},
	{"mem %", ofTasks(func(t *spar.Task) float64 { return t.Mem }), [2]float64{0.06, 0.06}},
	{"instances", ofTasks(func(t *spar.Task) float64 { return float64(t.Instances) }), [2]float64{0.04, 0.04}},
	{"stateful", stateful(1, math.MaxInt), [2]float64{0.19, 0.19}},
	{"stateful of 2 and 3", stateful(2, 3), [2]float64{0.05, 0.05}},
	{"stateful of 4 to 6", stateful(4, 6), [2]float64{0.39, 0.39}},
	{"stateful of 7 and more", stateful(7, math.MaxInt), [2]float64{0.31, 0.31}},
	{"chain length", ofChain(func(c *workload.Job) float64 { return float64(c.Length()) }), [2]float64{0.36, 0.38}},
	{"states", ofChain(func(c *workload.Job) float64 { return float64(len(c.States)) }), [2]float64{0.1, 0.09}},
	{"state bytes", ofChain(func(c *workload.Job) float64 { return float64(c.AllStateBytes()) }), [2]float64{0.14, 0.12}},
	{"accesses", ofChain(accesses), [2]float64{0.12, 0.1}},
	{"argument bytes", ofChain(func(c *workload.Job) float64 { return float64(c.Result) }), [2]float64{0.18, 0.06}},
}

// accesses is how often all of a job's tasks together use states.
func accesses(c *workload.Job) (sum float64) {
	for _, n := range c.Accesses() {
		sum += float64(n)
	}
	return sum
}

func ofJob(value func(*spar.Job) float64) func(*spar.Job, *workload.Job) []float64 {
	return func(j *spar.Job, _ *workload.Job) []float64 { return []float64{value(j)} }
}

func ofTasks(value func(*spar.Task) float64) func(*spar.Job, *workload.Job) []float64 {
	return func(j *spar.Job, _ *workload.Job) []float64 {
		var all []float64
		for i := range j.Tasks {
			all = append(all, value(&j.Tasks[i]))
		}
		return all
	}
}

func ofChain(value func(*workload.Job) float64) func(*spar.Job, *workload.Job) []float64 {
	return func(_ *spar.Job, c *workload.Job) []float64 {
		if c == nil {
			return nil
		}
		return []float64{value(c)}
	}
}

// stateful is 1 or 0 for each job of so many tasks.
func stateful(least, most int) func(*spar.Job, *workload.Job) []float64 {
	return func(j *spar.Job, c *workload.Job) []float64 {
		switch n := len(j.Tasks); {
		case n < least || n > most:
			return nil
		case c == nil:
			return []float64{0}
		}
		return []float64{1}
	}
}

// sample is all values of a quantity in a trace, ascending.
func sample(t *spar.Trace, chains []workload.Job, of func(*spar.Job, *workload.Job) []float64) []float64 {
	byName := map[string]*workload.Job{}
	for i := range chains {
		byName[chains[i].Name] = &chains[i]
	}
	var all []float64
	for i := range t.Jobs {
		j := &t.Jobs[i]
		all = append(all, of(j, byName[fmt.Sprintf("j_%d", j.Number)])...)
	}
	slices.Sort(all)
	return all
}

// distance is the Kolmogorov-Smirnov statistic of two samples, ascending: the largest difference of their
// distributions, in [0,1].
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

// cliff is Cliff's delta of two samples, ascending, an effect size in [-1,1]: how much more often a value of the
// second is above one of the first than below. 0.147 and more is called small, 0.33 medium, 0.474 large.
func cliff(a, b []float64) float64 {
	more, below, notAbove := 0.0, 0, 0
	for _, v := range b {
		for below < len(a) && a[below] < v {
			below++
		}
		for notAbove < len(a) && a[notAbove] <= v {
			notAbove++
		}
		more += float64(below - (len(a) - notAbove))
	}
	return more / float64(len(a)) / float64(len(b))
}

func TestEffectSizesByHand(t *testing.T) {
	for _, c := range []struct {
		a, b            []float64
		distance, delta float64
	}{
		{[]float64{1, 2, 3}, []float64{1, 2, 3}, 0, 0},
		{[]float64{1, 2}, []float64{3, 4, 5}, 1, 1},
		{[]float64{3, 4, 5}, []float64{1, 2}, 1, -1},
		{[]float64{0, 0, 0, 1}, []float64{0, 1, 1, 1}, 0.5, 0.5},
		// Of the six pairs 2 is above 1 and equal to 2; 0 is below both; 1 is equal to 1 and below 2: (1 - 2 - 1) / 6.
		{[]float64{1, 2}, []float64{0, 1, 2}, 1.0 / 3, -2.0 / 6},
	} {
		if d, e := distance(c.a, c.b), cliff(c.a, c.b); math.Abs(d-c.distance) > 1e-12 || math.Abs(e-c.delta) > 1e-12 {
			t.Errorf("%v and %v: distance %v, delta %v, want %v and %v", c.a, c.b, d, e, c.distance, c.delta)
		}
	}
}

// generators are the synthesizers that there are, and whether what they draw has the hour's distributions.
var generators = map[string]bool{hour.Resampling: true, "spar": false}

// Every generator is held against the hour: one that draws whole jobs to what chance allows at a level of one in a
// thousand, one that puts jobs together to what is known of it. With -v it prints how far they are.
func TestGeneratorsAgainstTheHour(t *testing.T) {
	real, err := hour.Load()
	if err != nil {
		t.Fatal(err)
	}
	chains := real.Derive(workload.DefaultOptions())
	entries := builtin.Catalogue()
	for _, name := range entries.Names(catalogue.Workloads) {
		t.Run(name, func(t *testing.T) {
			same, known := generators[name]
			if !known {
				t.Fatal("nothing is said of how near the hour it is to be")
			}
			synthesizer, err := workload.Synthesizers.Find(entries, name)
			if err != nil {
				t.Fatal(err)
			}
			trace, err := synthesizer.New(16_749, 3, nil)
			if err != nil {
				t.Fatal(err)
			}
			against(t, real, chains, trace.(*spar.Trace), same)
		})
	}
}

func against(t *testing.T, real *spar.Trace, chains []workload.Job, drawn *spar.Trace, same bool) {
	drawnChains := drawn.Derive(workload.DefaultOptions())
	t.Logf("%-22s %9s %9s %9s %9s %9s", "", "hour", "drawn", "distance", "by chance", "delta")
	for _, q := range quantities {
		a, b := sample(real, chains, q.of), sample(drawn, drawnChains, q.of)
		// Tasks of one job are no independent draws: a job counts once.
		n, m := float64(min(len(a), len(real.Jobs))), float64(min(len(b), len(drawn.Jobs)))
		// What the distance exceeds once in a thousand times, and as much of the delta: 3.29 standard deviations.
		chance, effect := 1.95*math.Sqrt((n+m)/(n*m)), 3.29*math.Sqrt((n+m)/(3*n*m))
		if !same {
			chance, effect = q.synthesized[0], q.synthesized[1]
		}
		d, delta := distance(a, b), cliff(a, b)
		t.Logf("%-22s %9.4g %9.4g %9.4f %9.4f %+9.4f", q.name, statistics.Mean(a), statistics.Mean(b), d,
			1.95*math.Sqrt((n+m)/(n*m)), delta)
		if d > chance || math.Abs(delta) > effect {
			t.Errorf("%s: distance %.4f, at most %.4f; Cliff's delta %+.4f, at most %.4f", q.name, d, chance, delta, effect)
		}
	}
}
