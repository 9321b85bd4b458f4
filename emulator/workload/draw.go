package workload

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"testbed/emulator/internal/minstd"
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
	if d == DrawExact && n > size {
		return nil, fmt.Errorf("%d jobs cannot be drawn from %d without replacement", n, size)
	}
	indexes := SelectIndexes
	if d.Exact() {
		indexes = d.indexes
	}
	drawn := indexes(size, n, seed)
	jobs, i, k := make([]Job, 0, len(drawn)), 0, 0
	for job := range pool {
		for times := 1; k < len(drawn) && drawn[k] == i; k, times = k+1, times+1 {
			again := job
			if times > 1 {
				again.Name = fmt.Sprintf("%s.%d", job.Name, times)
			}
			jobs = append(jobs, again)
		}
		if i++; k == len(drawn) {
			break
		}
	}
	return jobs, nil
}

// indexes says which jobs of a pool are drawn, ascending.
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
