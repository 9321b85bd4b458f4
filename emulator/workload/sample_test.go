package workload

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// population has so many jobs of each length, 1 and up, shuffled, with a value each that grows with the length.
func population(counts ...int) (jobs []Job, values []float64) {
	random := rand.New(rand.NewPCG(1, 2))
	for i, n := range counts {
		for range n {
			jobs = append(jobs, Job{Tasks: make([]Task, i+1)})
		}
	}
	random.Shuffle(len(jobs), func(a, b int) { jobs[a], jobs[b] = jobs[b], jobs[a] })
	for i := range jobs {
		values = append(values, float64(jobs[i].Length())*(0.5+random.Float64()))
	}
	return jobs, values
}

// lengths are like those of an hour of Alibaba's trace: many short chains, single long ones.
var lengths = []int{90, 150, 80, 60, 40, 25, 15, 9, 6, 5, 3, 2, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1}

func TestSampleIsUnbiased(t *testing.T) {
	jobs, values := population(lengths...)
	whole := 0.0
	for _, v := range values {
		whole += v / float64(len(values))
	}
	for _, n := range []int{5, 20, 60, 200} {
		const seeds = 4000
		sum, squares, plain := 0.0, 0.0, 0.0
		for seed := range uint64(seeds) {
			weighted, weights, unweighted := 0.0, 0.0, 0.0
			drawn := Sample(jobs, n, seed)
			if len(drawn) != n {
				t.Fatalf("%d jobs, not %d", len(drawn), n)
			}
			for _, d := range drawn {
				weighted += d.Weight * values[d.Job]
				weights += d.Weight
				unweighted += values[d.Job] / float64(n)
			}
			if math.Abs(weights-float64(len(jobs))) > 1e-9 {
				t.Fatalf("they stand for %v jobs, not %d", weights, len(jobs))
			}
			m := weighted / weights
			sum, squares, plain = sum+m, squares+m*m, plain+unweighted
		}
		mean := sum / seeds
		deviation := math.Sqrt(squares/seeds - mean*mean)
		if math.Abs(mean-whole) > 5*deviation/math.Sqrt(seeds) {
			t.Errorf("%d jobs: weighted means are %v on average, ± %v; the jobs' is %v", n, mean,
				deviation/math.Sqrt(seeds), whole)
		}
		if plain/seeds < 1.15*whole && n >= 20 {
			t.Errorf("%d jobs: unweighted means are %v on average: long chains are no more frequent than among all (%v)",
				n, plain/seeds, whole)
		}
		simple := deviationOf(values) / math.Sqrt(float64(n)) * math.Sqrt(1-float64(n)/float64(len(jobs)))
		t.Logf("%3d of %d jobs: deviation of the weighted mean %.4f, of a simple random sample's %.4f", n, len(jobs),
			deviation, simple)
		if n >= 20 && deviation > simple {
			t.Errorf("%d jobs: a deviation of %v, a simple random sample's is %v", n, deviation, simple)
		}
	}
}

func deviationOf(values []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, v := range values {
		sum, squares = sum+v, squares+v*v
	}
	n := float64(len(values))
	return math.Sqrt(squares/n - sum/n*sum/n)
}

func TestSampleHasEachLength(t *testing.T) {
	jobs, _ := population(lengths...)
	drawn := Sample(jobs, 60, 7)
	count, stands := map[int]int{}, map[int]float64{}
	for i, d := range drawn {
		l := jobs[d.Job].Length()
		count[l], stands[l] = count[l]+1, stands[l]+d.Weight
		if i > 0 && drawn[i-1].Job >= d.Job || d.Weight < 1 {
			t.Errorf("%+v after %+v", d, drawn[i-1])
		}
	}
	for i, n := range lengths {
		if l := i + 1; n > 0 && (count[l] < 1 || math.Abs(stands[l]-float64(n)) > 1e-9) || count[l] > n {
			t.Errorf("%d chains of length %d stand for %v, not %d", count[l], l, stands[l], n)
		}
	}
	if again := Sample(jobs, 60, 7); !slices.Equal(again, drawn) {
		t.Error("the same seed draws others")
	}
	if other := Sample(jobs, 60, 8); slices.Equal(other, drawn) {
		t.Error("another seed draws the same")
	}
}

func TestSampleOfAll(t *testing.T) {
	jobs, _ := population(2, 1)
	for _, n := range []int{0, 3, 9} {
		if got := Sample(jobs, n, 1); !slices.Equal(got, []Drawn{{0, 1}, {1, 1}, {2, 1}}) {
			t.Errorf("%d of 3: %v", n, got)
		}
	}
	if got := Sample(jobs, 1, 1); len(got) != 1 || got[0].Weight != 3 {
		t.Errorf("1 of 3: %v", got)
	}
	if got := Sample(nil, 5, 1); len(got) != 0 {
		t.Errorf("of none: %v", got)
	}
}
