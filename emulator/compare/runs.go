package compare

import (
	"encoding/json"
	"fmt"
	"io"

	"testbed/emulator/internal/statistics"
	"testbed/emulator/plan"
	"testbed/emulator/record"
)

// Comparison is several runs side by side, the first being what the others are held against, and what
// `testbed compare --format json` writes, for one run as well.
type Comparison struct {
	Runs        []*Run       `json:"runs"`
	Differences []Difference `json:"differences,omitempty"` // by run, quantity, model; none of the first run
}

// Run is one run with its reports.
type Run struct {
	Directory  string    `json:"directory"`
	Name       string    `json:"run"`
	Scenario   string    `json:"scenario"`
	Seed       uint64    `json:"seed"`
	Arrivals   string    `json:"arrivals"` // by which process chains began, with its parameters
	Fabric     string    `json:"fabric"`
	Runtime    string    `json:"runtime"`
	Kernel     string    `json:"kernel"`
	Version    string    `json:"version"`                       // of the program
	Exit       string    `json:"exit"`                          // how the run ended
	Sealed     bool      `json:"sealed"`                        // the directory was held against the run's own hashes
	Unsound    string    `json:"unsound,omitempty"`             // why it is not as the run left it
	Truncated  bool      `json:"truncated,omitempty"`           // the samples' last line is cut off
	StraySteps int       `json:"steps_without_chain,omitempty"` // in the samples; they are left out
	Reports    []*Report `json:"reports"`

	Validity *record.Validity `json:"validity,omitempty"` // its verdict on itself; nil: it has none
	Edge     []record.Edge    `json:"edge,omitempty"`     // what left the edge, by model

	// Changes are the keys in which its scenario differs from the first run's; none of the first run.
	Changes []Change `json:"scenario_differences,omitempty"`

	options Options
	samples []sample          // what was measured, to pair it with other runs
	keys    map[string]string // what its scenario says, by path; nil: not known
}

// Difference compares one model's mean with that of the first run.
type Difference struct {
	Run      string     `json:"run"`
	Number   int        `json:"run_number"` // the run's place in the comparison: 2 is the second
	Quantity string     `json:"quantity"`
	Model    plan.Model `json:"model"`
	Paired   bool       `json:"paired"`                   // by job; otherwise the two runs are independent samples
	ByName   bool       `json:"paired_by_name,omitempty"` // jobs of one name, for the runs have not all jobs in common
	Chains   int        `json:"chains"`                   // paired: pairs; otherwise chains of this run
	First    Interval   `json:"first"`                    // the first run, over the pairs where paired
	This     Interval   `json:"this"`                     // this run, likewise
	Ratio    Share      `json:"mean_ratio"`               // this / first
	// Undisturbed is the same without the chains that the host disturbed in either run; nil: it disturbed none, or all.
	Undisturbed *Difference `json:"undisturbed,omitempty"`
}

// Take puts what was collected into the run.
func (r *Run) Take(c *Collector) {
	r.Reports, r.samples, r.options = c.Reports(), c.samples, c.options
}

// Compare holds each run against the first one, by every model that both have measured. Runs of one
// scenario and seed are paired by job and model, where all that they have in common agrees on job and
// length; runs whose jobs come from one source by the names of those jobs that both have; others are compared as
// independent samples.
func (c *Comparison) Compare() {
	c.Differences = nil
	for i, r := range c.Runs {
		if i == 0 {
			continue
		}
		r.Changes = r.changes(c.Runs[0])
		by := r.pairing(c.Runs[0])
		for _, quantity := range quantities {
			for _, m := range c.Runs[0].models() {
				if d, ok := r.difference(c.Runs[0], m, quantity, by); ok {
					d.Number = i + 1
					d.Undisturbed = r.undisturbed(c.Runs[0], d, by)
					c.Differences = append(c.Differences, d)
				}
			}
		}
	}
}

// models are those measured, in the catalogue's order.
func (r *Run) models() []plan.Model {
	groups := map[groupKey]bool{}
	for i := range r.samples {
		groups[groupKey{model: r.samples[i].model}] = true
	}
	var out []plan.Model
	for _, k := range sortedKeys(r.options.Catalogue, groups) {
		out = append(out, k.model)
	}
	return out
}

// pairs says whether two runs' chains can be paired by model and index.
func (r *Run) pairs(first *Run) bool {
	if r.Scenario != first.Scenario || r.Seed != first.Seed {
		return false
	}
	known := make(map[key]*sample, len(first.samples))
	for i := range first.samples {
		s := &first.samples[i]
		known[key{s.model, int(s.index)}] = s
	}
	common := 0
	for i := range r.samples {
		s := &r.samples[i]
		if of := known[key{s.model, int(s.index)}]; of != nil {
			if of.job != s.job || of.length != s.length {
				return false
			}
			common++
		}
	}
	return common > 0
}

func (r *Run) difference(first *Run, m plan.Model, quantity string, by pairing) (Difference, bool) {
	d := Difference{Run: r.Name, Quantity: quantity, Model: m, Paired: by != unpaired, ByName: by == byJob}
	this, these := r.chains(m, quantity, by)
	base, bases := first.chains(m, quantity, by)
	if by == unpaired {
		a, b := values(this, these), values(base, bases)
		if d.Chains = len(a); len(a) == 0 || len(b) == 0 {
			return d, false
		}
		d.This, d.First, d.Ratio = intervals(r.options, a)[0], intervals(r.options, b)[0], unpairedRatio(a, b, r.options)
		return d, true
	}
	var a, b, weights []float64
	for _, index := range this {
		if to, both := bases[index]; both {
			a, b = append(a, these[index].mean()), append(b, to.mean())
			// Of a chain that one run drew and the other had anyway the one that drew it knows for what it stands.
			weights = append(weights, max(these[index].weight, to.weight))
		}
	}
	if d.Chains = len(a); len(a) == 0 {
		return d, false
	}
	both := balanced(statistics.Alike(weights), a, b)
	a, b = both[0], both[1]
	means := intervals(r.options, a, b)
	d.This, d.First, d.Ratio = means[0], means[1], pairedRatio(a, b, r.options)
	return d, true
}

// chains are a model's values by what their jobs are paired by, and that in the order measured.
func (r *Run) chains(m plan.Model, quantity string, pair pairing) (order []id, by map[id]average) {
	by = map[id]average{}
	for i := range r.samples {
		s := &r.samples[i]
		if s.model != m {
			continue
		}
		key := s.id(pair)
		a := by[key]
		if a.n == 0 {
			order = append(order, key)
		}
		by[key] = average{a.sum + s.quantity(quantity), a.n + 1, s.weight}
	}
	return order, by
}

func (s *sample) quantity(name string) float64 {
	switch name {
	case "network":
		return s.network
	case "processing":
		return s.processing
	}
	return s.total
}

// values gives the values in order, balanced by their weights.
func values(order []id, by map[id]average) []float64 {
	out, weights := make([]float64, len(order)), make([]float64, len(order))
	for i, index := range order {
		out[i], weights[i] = by[index].mean(), by[index].weight
	}
	return statistics.Balance(out, statistics.Alike(weights))
}

// WriteJSON writes the comparison of runs.
func (c *Comparison) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(c); err != nil {
		return fmt.Errorf("comparison: %w", err)
	}
	return nil
}
