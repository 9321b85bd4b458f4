package experiment

import (
	"slices"

	"testbed/emulator/compare"
	"testbed/emulator/internal/statistics"
	"testbed/emulator/report/figures"
)

// Pooled is a summary over the repetitions of each combination of levels.
type Pooled struct {
	Experiment string   `json:"experiment"`
	Directory  string   `json:"directory"`
	Factors    []string `json:"factors"` // columns
	Cells      int      `json:"cells"`
	Groups     []Group  `json:"groups"`

	Moves []MoveGroup `json:"moves,omitempty"` // of stateful instances
}

// Group is what one engine says of one model's chains in all repetitions of a combination. Times are in s.
//
// A mean has two intervals of 95 %. That over runs takes the mean of each repetition as one observation (Student's t):
// it says how far the mean of another repetition, with other jobs and arrivals, may be off, and needs two. That over
// chains takes each chain as one (bootstrap): it is narrower, and holds for the jobs that were drawn, as far as chains
// do not influence one another. Chains of a sample count as often as their weights say.
type Group struct {
	Levels     []string `json:"levels"` // by factor, as given
	Engine     string   `json:"engine"`
	Model      string   `json:"model"`
	Runs       int      `json:"runs"`
	Chains     int      `json:"chains"`
	Failed     int      `json:"failed"` // chains that failed or lost state; they are in no mean
	Latency    Estimate `json:"latency"`
	Network    Estimate `json:"network"`
	Processing Estimate `json:"processing"`
	Errors     *Error   `json:"error,omitempty"` // of a prediction, where there is a measurement
	// Of what was measured: how many runs judge themselves green, amber and red, and which share of the mean latency the
	// host may have added; nil: not known.
	Verdicts map[string]int `json:"verdicts,omitempty"`
	Host     *float64       `json:"host_late_ratio,omitempty"`

	values []float64 // of the levels that are numbers, else NaN
}

// Estimate is a mean with its two intervals, in s.
type Estimate struct {
	Mean       float64  `json:"mean_s"`
	RunsLow    *float64 `json:"runs_low_s,omitempty"` // absent: there are not two runs
	RunsHigh   *float64 `json:"runs_high_s,omitempty"`
	ChainsLow  float64  `json:"chains_low_s"`
	ChainsHigh float64  `json:"chains_high_s"`
}

// resamples of the bootstrap: there are many groups.
const resamples = 2000

// pool collects chains cell by cell, in the stated order: repetitions of a combination follow one another.
type pool struct {
	spec  *Spec
	cells []*Cell
	at    []int // the combination that is collected
	first *Cell // of it
	open  map[poolKey]*collected
	order []poolKey
	// verdicts are those of the combination's runs on themselves.
	verdicts map[string]int
	moving   []*gathered

	moves  []MoveGroup
	groups []Group
	charts []*chart
	rows   []cellRow
}

type poolKey struct{ engine, model string }

// collected are a group's chains.
type collected struct {
	runs   [3][]float64 // means of each repetition, by quantity
	chains [3][]float64
	weight []float64 // of chains: how many jobs each stands for
	failed int
	pairs  pairs
	// Of chains whose lateness is known: what the host may have added, and their latency, weighted, in s.
	late, of float64
}

// cellRow is a cell as the report lists it.
type cellRow struct {
	cell   *Cell
	result *Result // without rows
}

func newPool(s *Spec, cells []*Cell) *pool {
	p := &pool{spec: s, cells: cells, open: map[poolKey]*collected{}, verdicts: map[string]int{}}
	for _, formula := range s.questions(cells) {
		p.charts = append(p.charts, newChart(s, cells, formula))
	}
	return p
}

// add takes a cell's rows.
func (p *pool) add(c *Cell, r *Result) {
	if p.first == nil || !slices.Equal(p.at, c.at) {
		p.close()
		p.at, p.first = c.at, c
	}
	slim := *r
	slim.Chains, slim.Steps, slim.Moves = nil, nil, nil
	p.rows = append(p.rows, cellRow{c, &slim})
	if r.Verdict != "" {
		p.verdicts[r.Verdict]++
	}
	sums, measured := map[poolKey]*collected{}, map[planKey]float64{}
	for i := range r.Chains {
		if chain := &r.Chains[i]; chain.Engine == Emulation && chain.OK {
			measured[planKey{chain.Model, chain.Index}] = chain.Latency
		}
	}
	for i := range r.Chains {
		chain := &r.Chains[i]
		k := poolKey{chain.Engine, chain.Model}
		if sums[k] == nil {
			sums[k] = &collected{}
		}
		if !chain.OK {
			sums[k].failed++
			continue
		}
		sums[k].take(chain, measured)
	}
	for i := range r.Chains {
		k := poolKey{r.Chains[i].Engine, r.Chains[i].Model}
		if one := sums[k]; one != nil {
			p.merge(k, one)
			delete(sums, k)
		}
	}
	p.addMoves(r)
	for _, chart := range p.charts {
		chart.add(c, r)
	}
}

// take adds a chain, and holds a predicted one against what was measured.
func (g *collected) take(c *Chain, measured map[planKey]float64) {
	for q, v := range []float64{c.Latency, c.Network, c.Processing} {
		g.chains[q] = append(g.chains[q], v)
	}
	g.weight = append(g.weight, c.Stands())
	if m := measured[planKey{c.Model, c.Index}]; m > 0 && c.Engine != Emulation {
		g.pairs.add(c.Latency, m, c.Stands())
	}
	if c.HostLate != nil {
		g.late, g.of = g.late+c.Stands()**c.HostLate, g.of+c.Stands()*c.Latency
	}
}

// merge adds a repetition to its group.
func (p *pool) merge(k poolKey, one *collected) {
	g := p.open[k]
	if g == nil {
		g = &collected{}
		p.open[k] = g
		p.order = append(p.order, k)
	}
	g.failed += one.failed
	g.pairs.merge(&one.pairs)
	g.weight = append(g.weight, one.weight...)
	g.late, g.of = g.late+one.late, g.of+one.of
	for q := range one.chains {
		if len(one.chains[q]) > 0 {
			g.runs[q] = append(g.runs[q], statistics.WeightedMean(one.chains[q], statistics.Alike(one.weight)))
			g.chains[q] = append(g.chains[q], one.chains[q]...)
		}
	}
}

// close makes groups of what was collected.
func (p *pool) close() {
	for _, k := range p.order {
		g := p.open[k]
		group := Group{Engine: k.engine, Model: k.model, Runs: len(g.runs[0]), Chains: len(g.chains[0]), Failed: g.failed}
		for i, l := range p.first.Levels {
			group.Levels, group.values = append(group.Levels, label(l)), append(group.values, p.first.Values[i].Number)
		}
		for q, to := range []*Estimate{&group.Latency, &group.Network, &group.Processing} {
			*to = g.estimate(q)
		}
		group.Errors = g.pairs.error()
		if k.engine == Emulation {
			group.Verdicts = p.verdicts
			if g.of > 0 {
				share := g.late / g.of
				group.Host = &share
			}
		}
		p.groups = append(p.groups, group)
	}
	p.closeMoves()
	p.open, p.order, p.verdicts = map[poolKey]*collected{}, nil, map[string]int{}
}

// estimate is the mean of a quantity over chains, with both intervals.
func (g *collected) estimate(quantity int) Estimate {
	if len(g.chains[quantity]) == 0 {
		return Estimate{}
	}
	values := statistics.Balance(g.chains[quantity], statistics.Alike(g.weight))
	over := compare.MeanInterval(values, compare.Options{Resamples: resamples})
	e := Estimate{Mean: over.Mean, ChainsLow: over.Low, ChainsHigh: over.High}
	if runs := figures.Mean(0, g.runs[quantity]); runs.Samples > 1 {
		low, high := runs.Low, runs.High
		e.RunsLow, e.RunsHigh = &low, &high
	}
	return e
}

// summary is what was collected.
func (p *pool) summary() *Pooled {
	p.close()
	all := &Pooled{Experiment: p.spec.Name, Factors: []string{}, Cells: len(p.rows), Groups: p.groups,
		Moves: p.moves}
	for _, c := range p.spec.columns(p.cells) {
		all.Factors = append(all.Factors, c.name)
	}
	return all
}
