package workload

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"testbed/emulator/internal/minstd"
	"testbed/emulator/internal/printable"
)

// Draw is the name of a way in which jobs are drawn from a pool.
type Draw string

// The ways of drawing n jobs.
const (
	// DrawShare keeps each job of the pool with the probability n/size, as the published simulator does: about n.
	DrawShare Draw = "share"
	// DrawExact draws n different jobs. Those of a smaller n are among those of a larger one.
	DrawExact Draw = "exact"
	// DrawReplacement draws n jobs, each from all of the pool, so that one may come several times.
	DrawReplacement Draw = "replacement"
)

// Exact says whether exactly as many jobs are drawn as wanted, and not about as many; no name is DrawShare.
func (d Draw) Exact() bool { return d != DrawShare && d != "" }

// From draws n of as many jobs as there are in a pool, in the pool's order. It fails where the pool has fewer jobs than
// that and the draw is exact. The jobs are not copied deeply. A job that is drawn again has a name of its own: j_17,
// j_17.2, j_17.3.
func (d Draw) From(pool iter.Seq[Job], size, n int, seed uint64) ([]Job, error) {
	drawn, err := d.Indexes(size, n, seed)
	if err != nil {
		return nil, err
	}
	jobs, i, k := make([]Job, 0, len(drawn)), 0, 0
	for job := range pool {
		for times := 1; k < len(drawn) && drawn[k] == i; k, times = k+1, times+1 {
			again := job
			again.Name = again.drawn(times)
			jobs = append(jobs, again)
		}
		if i++; k == len(drawn) {
			break
		}
	}
	return jobs, nil
}

// Named is the name of the k-th of the jobs that were drawn from a pool, by their indexes, ascending.
func Named(pool []Job, chosen []int, k int) string {
	times := 1
	for k-times >= 0 && chosen[k-times] == chosen[k] {
		times++
	}
	return pool[chosen[k]].drawn(times)
}

// drawn is the job's name where it is drawn for the second, third ... time.
func (j *Job) drawn(times int) string {
	if times == 1 {
		return j.Name
	}
	return fmt.Sprintf("%s.%d", j.Name, times)
}

// Indexes says which jobs of a pool are drawn, ascending. It fails as From does.
func (d Draw) Indexes(pool, n int, seed uint64) ([]int, error) {
	switch {
	case !d.Exact():
		return SelectIndexes(pool, n, seed), nil
	case d == DrawExact && n > pool:
		return nil, fmt.Errorf("%s cannot be drawn from %d without replacement", printable.Count(n, "job"), pool)
	case pool == 0:
		return nil, fmt.Errorf("%s cannot be drawn from none", printable.Count(n, "job"))
	}
	return d.indexes(pool, n, seed), nil
}

// indexes are those of an exact draw.
func (d Draw) indexes(pool, n int, seed uint64) []int {
	engine := minstd.New(seed)
	if d == DrawReplacement {
		drawn := make([]int, n)
		for k := range drawn {
			drawn[k] = engine.Intn(pool)
		}
		slices.Sort(drawn)
		return drawn
	}
	keys, order := make([]float64, pool), make([]int, pool)
	for i := range order {
		keys[i], order[i] = engine.Real(0, 1), i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(keys[a], keys[b]), a-b) })
	slices.Sort(order[:n])
	return order[:n]
}
