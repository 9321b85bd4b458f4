// Package compare holds measured chains against predicted ones: how large the error is, for which
// models and lengths and in which steps it arises, and whether measurement and prediction order the
// execution models alike.
package compare

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// ErrInput is wrapped by errors about rows that cannot be compared.
var ErrInput = errors.New("not comparable")

// Chain is one chain as measured. Times are in seconds.
type Chain struct {
	Job        string
	Index      int // of the job in its workload; with Model it finds the prediction
	Model      plan.Model
	Policy     string // allocation policy; all rows of one comparison have the same
	Length     int    // number of invocations
	Total      float64
	Network    float64
	Processing float64
	States     int    // states whose version was checked after the chain
	Lost       int    // of them, those whose version was wrong
	Err        string // why the chain failed; such a chain is counted, and not compared
	Steps      []Step // those measured; may be empty
}

// Step is one step as measured.
type Step struct {
	Index    int       // into the plan's Steps
	Role     plan.Role // what it is for
	Duration float64   // seconds
}

// Options are a comparison's parameters.
type Options struct {
	Seed      uint64 // of the bootstrap
	Resamples int    // of the bootstrap; 0: default 1000
}

// Compare pairs every measured chain with the prediction of the same model and index (several
// measurements of one chain are allowed) and returns the statistics. The predictions are those of one
// engine. It fails with ErrInput where they are not, where one is given twice, where the rows are of
// several policies, or where a time is negative or not a number.
func Compare(measured []Chain, predicted []predict.Prediction, o Options) (*Report, error) {
	if o.Resamples <= 0 {
		o.Resamples = 1000
	}
	known, engine, err := index(predicted)
	if err != nil {
		return nil, err
	}
	policy, err := check(measured)
	if err != nil {
		return nil, err
	}
	report := &Report{Engine: engine, Policy: policy, Seed: o.Seed}
	groups := map[groupKey]*group{}
	used := map[key]bool{}
	for i := range measured {
		c := &measured[i]
		p := known[key{c.Model, c.Index}]
		if p != nil {
			used[key{c.Model, c.Index}] = true
		} else {
			report.Unpredicted++
		}
		for _, k := range []groupKey{{c.Model, 0}, {c.Model, max(1, c.Length)}} {
			if groups[k] == nil {
				groups[k] = &group{}
			}
			groups[k].add(c, p)
		}
	}
	report.Unmeasured = len(known) - len(used)
	for _, k := range sortedKeys(groups) {
		g := groups[k].summarise(k, o)
		if k.length == 0 {
			report.Models = append(report.Models, g)
		} else {
			report.Lengths = append(report.Lengths, g)
		}
	}
	report.rank()
	report.Order = order(groups, o)
	return report, nil
}

// CompareAll compares with the predictions of every engine among those given, in the order in which
// the engines appear first. Without predictions it returns one report without an engine.
func CompareAll(measured []Chain, predicted []predict.Prediction, o Options) ([]*Report, error) {
	var engines []string
	by := map[string][]predict.Prediction{}
	for _, p := range predicted {
		if by[p.Engine] == nil {
			engines = append(engines, p.Engine)
		}
		by[p.Engine] = append(by[p.Engine], p)
	}
	if len(engines) == 0 {
		engines = []string{""}
	}
	var reports []*Report
	for _, e := range engines {
		r, err := Compare(measured, by[e], o)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

type key struct {
	model plan.Model
	index int
}

type groupKey struct {
	model  plan.Model
	length int // 0: all
}

func index(predicted []predict.Prediction) (map[key]*predict.Prediction, string, error) {
	known, engine := map[key]*predict.Prediction{}, ""
	for i := range predicted {
		p := &predicted[i]
		k := key{p.Model, p.Index}
		switch {
		case i > 0 && p.Engine != engine:
			return nil, "", fmt.Errorf("%w: the predictions are of the engines %q and %q", ErrInput, engine, p.Engine)
		case known[k] != nil:
			return nil, "", fmt.Errorf("%w: %s %d (%s) is predicted twice", ErrInput, p.Model, p.Index, p.Job)
		case bad(p.Total, p.Network, p.Processing):
			return nil, "", fmt.Errorf("%w: %s %d (%s): the prediction has a time that is negative or no number", ErrInput, p.Model, p.Index, p.Job)
		}
		known[k], engine = p, p.Engine
	}
	return known, engine, nil
}

func check(measured []Chain) (policy string, err error) {
	for i := range measured {
		c := &measured[i]
		if i > 0 && c.Policy != policy {
			return "", fmt.Errorf("%w: the rows are of the policies %q and %q; compare each with its own predictions", ErrInput, policy, c.Policy)
		}
		policy = c.Policy
		wrong := bad(c.Total, c.Network, c.Processing)
		for _, s := range c.Steps {
			wrong = wrong || bad(s.Duration)
		}
		if c.Err == "" && wrong {
			return "", fmt.Errorf("%w: %s %d (%s): a measured time is negative or no number", ErrInput, c.Model, c.Index, c.Job)
		}
	}
	return policy, nil
}

func bad(times ...float64) bool {
	return slices.ContainsFunc(times, func(t float64) bool { return !(t >= 0) || math.IsInf(t, 1) })
}

// sortedKeys orders groups by model, as the study lists them, and length.
func sortedKeys(groups map[groupKey]*group) []groupKey {
	var keys []groupKey
	for k := range groups {
		keys = append(keys, k)
	}
	place := func(m plan.Model) int {
		if i := slices.Index(plan.Models, m); i >= 0 {
			return i
		}
		return len(plan.Models)
	}
	slices.SortFunc(keys, func(a, b groupKey) int {
		return cmp.Or(cmp.Compare(place(a.model), place(b.model)), cmp.Compare(a.model, b.model), cmp.Compare(a.length, b.length))
	})
	return keys
}
