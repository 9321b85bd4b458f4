package study

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"testbed/emulator/compare"
	"testbed/emulator/report/run"
)

// Cause is what makes an engine's times of a model differ from what was measured, or one of its parts.
type Cause struct {
	Engine     string            `json:"engine"`
	Model      string            `json:"model"`
	Cause      compare.CauseName `json:"cause"`
	Difference float64           `json:"difference_s"` // measured less predicted, mean a chain
	Share      float64           `json:"share_ratio"`  // of the sum of the sizes of all
}

// causes collects them over runs.
type causes struct {
	order []causeKey
	sums  map[causeKey]float64
	jobs  map[[2]string]float64 // by engine and model: how many jobs the chains stand for
}

type causeKey struct {
	engine, model string
	cause         compare.CauseName
}

func newCauses() *causes {
	return &causes{sums: map[causeKey]float64{}, jobs: map[[2]string]float64{}}
}

// add takes a run's own comparison.
func (c *causes) add(r *run.Run) {
	for _, report := range r.Reports {
		for i := range report.Models {
			g := &report.Models[i]
			weight := cmp.Or(g.Jobs, float64(g.Chains))
			c.jobs[[2]string{report.Engine, string(g.Model)}] += weight
			for _, cause := range g.Causes {
				k := causeKey{report.Engine, string(g.Model), cause.Cause}
				if _, known := c.sums[k]; !known {
					c.order = append(c.order, k)
				}
				c.sums[k] += weight * cause.Difference.Mean
			}
		}
	}
}

// largest are of each engine and model the causes that make most of the difference, until they are four fifths of it.
func (c *causes) largest() []Cause {
	var all []Cause
	for at := 0; at < len(c.order); {
		of := [2]string{c.order[at].engine, c.order[at].model}
		var group []Cause
		sizes := 0.0
		for ; at < len(c.order) && c.order[at].engine == of[0] && c.order[at].model == of[1]; at++ {
			k := c.order[at]
			d := c.sums[k] / c.jobs[of]
			sizes += math.Abs(d)
			group = append(group, Cause{Engine: k.engine, Model: k.model, Cause: k.cause, Difference: d})
		}
		slices.SortStableFunc(group, func(a, b Cause) int {
			return cmp.Compare(math.Abs(b.Difference), math.Abs(a.Difference))
		})
		told := 0.0
		for i := range group {
			if sizes > 0 {
				group[i].Share = math.Abs(group[i].Difference) / sizes
			}
			if told < 0.8 && group[i].Difference != 0 {
				all = append(all, group[i])
			}
			told += group[i].Share
		}
	}
	return all
}

// sentences say it, an engine and model each.
func sentences(all []Cause) []string {
	var out []string
	for i := 0; i < len(all); {
		first := all[i]
		text := fmt.Sprintf("%s, %s: measured less predicted, a chain, is", first.Engine, first.Model)
		for ; i < len(all) && all[i].Engine == first.Engine && all[i].Model == first.Model; i++ {
			text += fmt.Sprintf(" %+.1f ms by %s (%.0f %%),", all[i].Difference*1e3, all[i].Cause, all[i].Share*100)
		}
		out = append(out, text[:len(text)-1])
	}
	return out
}
