package spar

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"
)

func TestTableEqualsPublished(t *testing.T) {
	var want map[string]json.RawMessage
	if err := json.NewDecoder(reference(t, "spar", "distributions.json")).Decode(&want); err != nil {
		t.Fatal(err)
	}
	got, err := published()
	if err != nil {
		t.Fatal(err)
	}
	type points struct{ P, X []float64 }
	compare := func(name string, d *distribution, raw json.RawMessage) {
		var w points
		if err := json.Unmarshal(raw, &w); err != nil {
			t.Fatal(name, err)
		}
		for i, p := range w.P {
			// At a step of the distribution function both ends have this probability.
			if i > 0 && w.P[i-1] == p || i+1 < len(w.P) && w.P[i+1] == p {
				continue
			}
			if q := d.quantile(p); math.Abs(q-w.X[i]) > 1e-3+3e-5*math.Abs(w.X[i]) {
				t.Errorf("%s: quantile of %v is %v, want %v", name, p, q, w.X[i])
			}
		}
	}
	compare("task_num", got.tasks, want["task_num"])
	compare("task_duration", got.duration, want["task_duration"])
	compare("task_cpu", got.cpu, want["task_cpu"])
	compare("task_mem", got.mem, want["task_mem"])
	compare("instance_num", got.instances, want["instance_num"])
	for name, of := range map[string]map[int]*distribution{"cpl": got.length, "level": got.level} {
		var keyed map[int]json.RawMessage
		if err := json.Unmarshal(want[name], &keyed); err != nil {
			t.Fatal(err)
		}
		if len(keyed) != len(of) {
			t.Errorf("%s: %d keys, want %d", name, len(of), len(keyed))
		}
		for n, raw := range keyed {
			compare(name, of[n], raw)
		}
	}
}

// cumulative is the distribution function at v: the share of draws of at most v.
func (d *distribution) cumulativeAt(v float64) float64 {
	share := 0.0
	for i := range d.value {
		if d.value[i] <= v {
			share = d.cumulative[i]
		} else if low := d.value[i-1]; low <= v {
			return d.cumulative[i-1] + (d.cumulative[i]-d.cumulative[i-1])*(v-low)/(d.value[i]-low)
		}
	}
	return share
}

// kolmogorov asserts that the largest distance between the distribution functions of the values and of d, at the
// values, which are the right edges of its bins, is within what a sample of this size exceeds once in ten thousand
// times.
func kolmogorov(t *testing.T, name string, values []float64, d *distribution) {
	t.Helper()
	if len(values) < 50 {
		t.Fatalf("%s: only %d values", name, len(values))
	}
	slices.Sort(values)
	distance := 0.0
	for i, v := range values {
		want := d.cumulativeAt(v)
		if last := i+1 == len(values) || values[i+1] != v; last {
			distance = max(distance, math.Abs(float64(i+1)/float64(len(values))-want))
		}
	}
	if limit := 2.23/math.Sqrt(float64(len(values))) + 0.002; distance > limit {
		t.Errorf("%s: the distribution of %d values is %.4f away, the limit is %.4f", name, len(values), distance, limit)
	}
}

func TestSynthesisFollowsTheDistributions(t *testing.T) {
	trace := Synthesize(30000, 11)
	tables, err := published()
	if err != nil {
		t.Fatal(err)
	}
	var counts, durations, cpus, mems, instances []float64
	lengths := map[int][]float64{}
	for i := range trace.Jobs {
		job := &trace.Jobs[i]
		counts = append(counts, float64(len(job.Tasks)))
		lengths[len(job.Tasks)] = append(lengths[len(job.Tasks)], float64(criticalPath(t, job)))
		for _, task := range job.Tasks {
			durations = append(durations, task.Duration)
			cpus = append(cpus, task.CPU)
			mems = append(mems, task.Mem)
			instances = append(instances, float64(task.Instances))
		}
	}
	kolmogorov(t, "task count", counts, tables.tasks)
	kolmogorov(t, "duration", durations, tables.duration)
	kolmogorov(t, "cpu", cpus, tables.cpu)
	kolmogorov(t, "mem", mems, tables.mem)
	kolmogorov(t, "instances", instances, tables.instances)
	for n := 2; n <= 12; n++ {
		kolmogorov(t, "critical path", lengths[n], tables.length[n])
	}
	last := trace.Jobs[len(trace.Jobs)-1].Arrival.Seconds()
	if want := 30000 * MeanInterarrival; math.Abs(last-want) > 4*want/math.Sqrt(30000) {
		t.Errorf("the last job arrives at %.0f s, want about %.0f", last, want)
	}
	gaps := make([]float64, 0, len(trace.Jobs))
	for i := 1; i < len(trace.Jobs); i++ {
		gaps = append(gaps, (trace.Jobs[i].Arrival - trace.Jobs[i-1].Arrival).Seconds())
	}
	slices.Sort(gaps)
	if median, want := gaps[len(gaps)/2], MeanInterarrival*math.Ln2; math.Abs(median-want) > 0.05*want {
		t.Errorf("the median time between arrivals is %v s, want %v", median, want)
	}
}

// criticalPath asserts that the job is a DAG whose tasks wait for earlier ones, and gives the number of
// tasks on its longest path.
func criticalPath(t *testing.T, job *Job) int {
	t.Helper()
	depth := make([]int, len(job.Tasks))
	longest := 0
	for i, task := range job.Tasks {
		distinct := len(slices.Compact(slices.Clone(task.Precedences))) == len(task.Precedences)
		if task.Number != i+1 || !slices.IsSorted(task.Precedences) || !distinct {
			t.Fatalf("j_%d: impossible task %+v", job.Number, task)
		}
		depth[i] = 1
		for _, p := range task.Precedences {
			if p < 1 || p > i {
				t.Fatalf("j_%d: %s waits for a task that is not before it", job.Number, task.Name)
			}
			depth[i] = max(depth[i], depth[p-1]+1)
		}
		number, precedences, err := parseName(task.Name)
		if err != nil || number != task.Number || !slices.Equal(precedences, task.Precedences) {
			t.Fatalf("j_%d: the name %s does not say %d waits for %v", job.Number, task.Name, task.Number, task.Precedences)
		}
		longest = max(longest, depth[i])
	}
	return longest
}

func TestSynthesisIsReproducible(t *testing.T) {
	long, short := Synthesize(500, 9), Synthesize(200, 9)
	if !reflect.DeepEqual(long.Jobs[:200], short.Jobs) {
		t.Error("a longer trace of one seed does not begin with the shorter one")
	}
	if reflect.DeepEqual(Synthesize(200, 10).Jobs, short.Jobs) {
		t.Error("two seeds give one trace")
	}
	checkChains(t, long)
}

func TestBrokenTablesAreErrors(t *testing.T) {
	for _, text := range []string{
		"", "task_num 0@0", "task_num 0@0 1@2", "task_num 1@0 0@1", "other 0@0 1@1", "cpl/x 0@0 1@1", "task_num a@b",
	} {
		if _, err := parseDistributions(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
