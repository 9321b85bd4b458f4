package study

import (
	"cmp"
	"slices"

	"testbed/emulator/campaign"
	paper "testbed/emulator/campaign/study"
	"testbed/emulator/experiment"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict/statesim"
	"testbed/emulator/report/figures"
)

// Rows collects an experiment's chains as what campaigns of its engines would have given: its cells are those of the
// campaign, its repetitions the replications.
type Rows struct {
	spec    campaign.Spec
	engines []string
	of      map[string]map[block]*campaign.Block // by engine
}

// block names one simulation of a campaign, or what stands for it.
type block struct {
	jobs       int
	policy     placement.Policy
	model      plan.Model
	repetition int
}

// NewRows is for an experiment whose cells are those of the campaign, by these engines.
func NewRows(spec campaign.Spec, engines []string) *Rows {
	r := &Rows{spec: spec, engines: engines, of: map[string]map[block]*campaign.Block{}}
	for _, e := range engines {
		r.of[e] = map[block]*campaign.Block{}
	}
	return r
}

// Load is what is known of a cell beside its chains.
type Load struct {
	Jobs       int
	Repetition int
	Traffic    map[string]float64 // by model: the mean of all jobs, payload times links; absent: unknown
	// Overhead is by model how many bytes crossed the links for one of payload while it was measured; models that are
	// not in it count as 1.
	Overhead map[string]float64
}

// Add takes the chains of a cell. Those that failed are left out, in the predictions as well, so that all engines speak
// of the same chains.
func (r *Rows) Add(of *Load, chains []experiment.Chain) {
	failed := map[plan.Model]map[int]bool{}
	for i := range chains {
		if c := &chains[i]; !c.OK {
			m := plan.Model(c.Model)
			if failed[m] == nil {
				failed[m] = map[int]bool{}
			}
			failed[m][c.Index] = true
		}
	}
	for i := range chains {
		c := &chains[i]
		blocks := r.of[c.Engine]
		if model := plan.Model(c.Model); blocks == nil || failed[model][c.Index] {
			continue
		}
		policy := placement.Policy(c.Policy)
		key := block{of.Jobs, policy, plan.Model(c.Model), of.Repetition}
		factor := 1.0
		if measured, known := of.Overhead[c.Model]; known && c.Engine == experiment.Emulation {
			factor = measured
		}
		b := blocks[key]
		if b == nil {
			b = &campaign.Block{Jobs: of.Jobs, Seed: uint64(of.Repetition), Policy: policy, Model: key.model,
				Traffic: of.Traffic[c.Model] * factor}
			blocks[key] = b
		}
		row := statesim.Row{Processing: c.Processing, Network: c.Network, Length: c.Length,
			Traffic: int64(float64(c.Traffic) * factor)}
		b.Rows, b.Weights = append(b.Rows, row), append(b.Weights, c.Stands())
	}
}

// Engines are the engines' results, in the engines' order, as far as cells were added.
func (r *Rows) Engines() []paper.Engine {
	var all []paper.Engine
	for _, name := range r.engines {
		results := campaign.NewResults(r.spec)
		for _, key := range r.ordered(name) {
			results.Add(r.of[name][key])
		}
		if len(results.Means) > 0 {
			all = append(all, paper.Engine{Name: shown(name), Results: results})
		}
	}
	return all
}

// shown is the name under which figures know an engine.
func shown(engine string) string {
	if engine == experiment.Emulation {
		return figures.Measured
	}
	return engine
}

// ordered are an engine's blocks in the order of a campaign's simulations.
func (r *Rows) ordered(engine string) []block {
	var all []block
	for key := range r.of[engine] {
		all = append(all, key)
	}
	slices.SortFunc(all, func(a, b block) int {
		return cmp.Or(cmp.Compare(a.jobs, b.jobs), cmp.Compare(a.repetition, b.repetition),
			cmp.Compare(slices.Index(r.spec.Policies, a.policy), slices.Index(r.spec.Policies, b.policy)),
			cmp.Compare(slices.Index(r.spec.Models, a.model), slices.Index(r.spec.Models, b.model)))
	})
	return all
}
