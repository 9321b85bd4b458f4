package workload

import (
	"cmp"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// Drawn is a job of a sample.
type Drawn struct {
	Job    int     // index
	Weight float64 // how many jobs of the whole it stands for, itself included: 1 or more
}

// Sample draws n of the jobs, stratified by their length: of each length some are drawn with equal probability, without
// replacement, and each stands for as many of its length as there are for each that is drawn. So the mean weighted by
// Weight is that of all jobs, on average over seeds, whatever depends on the length, and so is that of each length. Of
// each length at least one is drawn, and of the rest the more the longer, for times grow with length, and so does what
// they vary by (Neyman's allocation, with a deviation proportional to the length). Where there are more lengths than n,
// neighbours that have fewest jobs are taken together. The jobs drawn are in their order; they are all, each of weight
// 1, where n is not less.
func Sample(jobs []Job, n int, seed uint64) []Drawn {
	if n >= len(jobs) || n < 1 {
		all := make([]Drawn, len(jobs))
		for i := range all {
			all[i] = Drawn{i, 1}
		}
		return all
	}
	strata := stratify(jobs, n)
	drawn := make([]Drawn, 0, n)
	random := rand.New(rand.NewPCG(seed, 0x73616d706c65))
	for s, count := range allot(strata, n) {
		of := strata[s].jobs
		for _, k := range random.Perm(len(of))[:count] {
			drawn = append(drawn, Drawn{of[k], float64(len(of)) / float64(count)})
		}
	}
	slices.SortFunc(drawn, func(a, b Drawn) int { return cmp.Compare(a.Job, b.Job) })
	return drawn
}

// stratum are the jobs of one length, or of some that are next to each other.
type stratum struct {
	jobs   []int // ascending
	length float64
}

// stratify puts jobs of one length together, and makes n strata at most of them.
func stratify(jobs []Job, n int) []stratum {
	by := map[int][]int{}
	for i := range jobs {
		by[jobs[i].Length()] = append(by[jobs[i].Length()], i)
	}
	var strata []stratum
	for _, length := range slices.Sorted(maps.Keys(by)) {
		strata = append(strata, stratum{by[length], float64(length)})
	}
	for len(strata) > n {
		at := 0
		for i := range strata[1:] {
			if strata[i].size()+strata[i+1].size() < strata[at].size()+strata[at+1].size() {
				at = i
			}
		}
		strata[at] = strata[at].and(strata[at+1])
		strata = slices.Delete(strata, at+1, at+2)
	}
	return strata
}

func (s stratum) size() int { return len(s.jobs) }

// and is two strata as one, of their jobs' mean length.
func (s stratum) and(o stratum) stratum {
	length := (s.length*float64(s.size()) + o.length*float64(o.size())) / float64(s.size()+o.size())
	return stratum{slices.Sorted(slices.Values(slices.Concat(s.jobs, o.jobs))), length}
}

// allot says how many of n are drawn of each stratum: one, and then, one by one, of that which has fewest for its jobs
// times their length. There are n strata at most, and more than n jobs.
func allot(strata []stratum, n int) []int {
	counts := make([]int, len(strata))
	for s := range counts {
		counts[s] = 1
	}
	for range n - len(strata) {
		best, most := -1, math.Inf(-1)
		for s := range strata {
			wants := strata[s].length * float64(strata[s].size()) / (float64(counts[s]) + 0.5)
			if counts[s] < strata[s].size() && wants > most {
				best, most = s, wants
			}
		}
		counts[best]++
	}
	return counts
}
