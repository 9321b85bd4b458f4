package workload

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// pool is n jobs j_0, j_1 ...
func pool(n int) []Job {
	jobs := make([]Job, n)
	for i := range jobs {
		jobs[i] = Job{Name: "j_" + FunctionName(i)[1:], Result: int64(i)}
	}
	return jobs
}

// origins are the jobs of the pool that were drawn; it fails where a name comes twice or the order is another one.
func origins(t *testing.T, jobs []Job) []int64 {
	t.Helper()
	var from []int64
	names := map[string]bool{}
	for i, j := range jobs {
		base, _, _ := strings.Cut(j.Name, ".")
		if names[j.Name] || base != "j_"+FunctionName(int(j.Result))[1:] || i > 0 && j.Result < jobs[i-1].Result {
			t.Fatalf("job %d is %s, after %v", i, j.Name, from)
		}
		names[j.Name] = true
		from = append(from, j.Result)
	}
	return from
}

func TestDraws(t *testing.T) {
	of := pool(1000)
	for seed := range uint64(20) {
		few, err := DrawExact.From(slices.Values(of), len(of), 100, seed)
		if err != nil || len(few) != 100 {
			t.Fatalf("%d jobs, %v", len(few), err)
		}
		more, err := DrawExact.From(slices.Values(of), len(of), 101, seed)
		if err != nil || len(more) != 101 {
			t.Fatalf("%d jobs, %v", len(more), err)
		}
		set := origins(t, more)
		for _, i := range origins(t, few) {
			if !slices.Contains(set, i) {
				t.Errorf("seed %d: job %d is not among one more", seed, i)
			}
		}
		if all, err := DrawExact.From(slices.Values(of), len(of), 1000, seed); err != nil || len(all) != 1000 {
			t.Errorf("%d of 1000, %v", len(all), err)
		}
		again, err := DrawReplacement.From(slices.Values(of), len(of), 3000, seed)
		if err != nil || len(again) != 3000 {
			t.Fatalf("%d jobs, %v", len(again), err)
		}
		// Of 1000 jobs 1 - (1 - 1/1000)^3000, 950, come at least once.
		if n := len(slices.Compact(origins(t, again))); n < 920 || n > 980 {
			t.Errorf("seed %d: %d different jobs of 3000 drawn", seed, n)
		}
	}
	if _, err := DrawExact.From(slices.Values(of), len(of), 1001, 1); err == nil {
		t.Error("more different jobs than there are")
	}
}

// Every job is as likely as any other.
func TestDrawsAreEven(t *testing.T) {
	const size, n, seeds = 50, 10, 4000
	for _, d := range []Draw{DrawExact, DrawReplacement} {
		var times [size]float64
		for seed := range uint64(seeds) {
			jobs, err := d.From(slices.Values(pool(size)), size, n, seed*7919)
			if err != nil {
				t.Fatal(err)
			}
			for _, j := range jobs {
				times[j.Result]++
			}
		}
		const want = n * seeds / size
		for i, got := range times {
			if math.Abs(got-want) > 5*math.Sqrt(want) {
				t.Errorf("%s: job %d was drawn %v times, want about %d", d, i, got, want)
			}
		}
	}
}

func TestShareIsThatOfTheSimulator(t *testing.T) {
	got, err := DrawShare.From(slices.Values(pool(100)), 100, 30, 5)
	same := func(a, b Job) bool { return a.Name == b.Name }
	if want := Select(pool(100), 30, 5); err != nil || !slices.EqualFunc(got, want, same) {
		t.Errorf("%v, want %v; %v", got, want, err)
	}
}
