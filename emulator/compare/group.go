package compare

import (
	"math"
	"runtime"
	"sync"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/statistics"
)

// Reports gives what came of the chains, one report an engine in the order in which their predictions
// came. Without predictions it is one report without an engine.
func (c *Collector) Reports() []*Report {
	if len(c.engines) == 0 {
		_, _ = c.engine("") // the first is never one too many
	}
	c.beside = make([]bool, len(c.samples))
	if !c.options.Alone {
		c.beside = overlapping(c.samples)
	}
	members := map[groupKey][]int32{}
	counted := map[groupKey]*counts{}
	for k, n := range c.counts {
		counted[k] = n
		whole := groupKey{model: k.model}
		if counted[whole] == nil {
			counted[whole] = &counts{}
		}
		counted[whole].merge(n)
	}
	for i := range c.samples {
		s := &c.samples[i]
		for _, k := range []groupKey{{s.model, 0}, {s.model, int(s.length)}} {
			members[k] = append(members[k], int32(i))
		}
	}
	var reports []*Report
	for _, e := range c.engines {
		reports = append(reports, c.report(e, counted, members))
	}
	return reports
}

func (n *counts) merge(o *counts) {
	n.chains += o.chains
	n.errors += o.errors
	n.states.Checked += o.states.Checked
	n.states.Passed += o.states.Passed
	n.states.Failed += o.states.Failed
	n.picks.merge(o.picks)
}

func (c *Collector) report(e *engine, counted map[groupKey]*counts, members map[groupKey][]int32) *Report {
	r := &Report{
		Engine: e.name, Reference: c.options.Reference, Policy: c.policy,
		Seed: c.options.Seed, Resamples: c.options.Resamples, Method: IntervalMethod,
		Unpredicted: e.unpredicted, Unmeasured: len(e.known) - e.used, Empty: c.options.Empty,
	}
	keys := sortedKeys(c.options.Catalogue, counted)
	groups := make([]Group, len(keys))
	var waiting sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, k := range keys {
		slots <- struct{}{}
		waiting.Go(func() {
			groups[i] = c.summarise(e, k, counted[k], members[k])
			<-slots
		})
	}
	waiting.Wait()
	for i, k := range keys {
		if k.length == 0 {
			r.Models = append(r.Models, groups[i])
		} else {
			r.Lengths = append(r.Lengths, groups[i])
		}
	}
	for k := range e.sums {
		r.PartsKnown = r.PartsKnown || e.sums[k].partsKnown > 0
	}
	c.rank(r, e, members)
	r.Order = c.order(members)
	r.OrderUndisturbed = c.orderUndisturbed(members)
	r.judge(c.options.Within)
	r.Branches = e.branchesOf(keys)
	return r
}

// columns are a group's numbers, one a chain.
type columns struct {
	all        [3][]float64 // total, network, processing of all chains
	measured   [3][]float64 // the same of pairs
	predicted  [3][]float64
	difference [3][]float64
	causes     [causeCount][]float64 // of pairs that are attributed

	weights, pairWeights, causeWeights []float64 // of all, of pairs, of those attributed; nil: they are alike
}

func (c *Collector) columns(e *engine, members []int32) *columns {
	out := &columns{}
	for _, i := range members {
		s, p := &c.samples[i], &e.pairs[i]
		out.weights = append(out.weights, s.weight)
		if p.known {
			out.pairWeights = append(out.pairWeights, s.weight)
		}
		for q, v := range [3]float64{s.total, s.network, s.processing} {
			out.all[q] = append(out.all[q], v)
			if p.known {
				f := [3]float64{p.total, p.network, p.processing}[q]
				out.measured[q] = append(out.measured[q], v)
				out.predicted[q] = append(out.predicted[q], f)
				out.difference[q] = append(out.difference[q], v-f)
			}
		}
		if p.attributed {
			out.causeWeights = append(out.causeWeights, s.weight)
			for cause, d := range c.apart(i, p) {
				out.causes[cause] = append(out.causes[cause], d)
			}
		}
	}
	for _, w := range []*[]float64{&out.weights, &out.pairWeights, &out.causeWeights} {
		*w = statistics.Alike(*w)
	}
	return out
}

func (c *Collector) summarise(e *engine, k groupKey, n *counts, members []int32) Group {
	out := Group{Model: k.model, Length: k.length, Chains: n.chains, Errors: n.errors, States: n.states,
		Picks: n.picks.some()}
	columns := c.columns(e, members)
	out.Paired, out.Attributed = len(columns.difference[0]), len(columns.causes[0])
	all := c.quantities(columns)
	out.Total, out.Network, out.Processing = all[0], all[1], all[2]
	sampled := false
	c.starts(&out, members)
	for _, i := range members {
		if c.samples[i].disturbed {
			out.Disturbed++
		}
		out.Jobs += c.samples[i].weight
		sampled = sampled || c.samples[i].weight != 1
	}
	if !sampled {
		out.Jobs = 0
	}
	if out.Disturbed > 0 && k.length == 0 {
		out.Undisturbed = c.without(e, members)
	}
	for i, m := range columns.measured[0] {
		if math.Abs(relative(m, columns.predicted[0][i])) <= c.options.Within {
			out.Within++
		}
	}
	s := e.collect(k, c.options.Catalogue)
	out.Roles = s.report()
	out.Causes = s.causes(intervals(c.options, balanced(columns.causeWeights, columns.causes[:]...)...))
	return out
}

// quantities are total, network and processing times.
func (c *Collector) quantities(of *columns) (out [3]Quantity) {
	means := intervals(c.options, balanced(of.weights, of.all[:]...)...)
	differences := intervals(c.options, balanced(of.pairWeights, of.difference[:]...)...)
	for q := range out {
		out[q] = Quantity{
			Measured: summarise(of.all[q], of.weights), MeasuredMean: means[q],
			Predicted: summarise(of.predicted[q], of.pairWeights),
			Error:     errorStats(of.measured[q], of.predicted[q], of.pairWeights), Difference: differences[q],
		}
	}
	return out
}

// collect gives the sums of a group: those of a model are those of all its lengths.
func (e *engine) collect(k groupKey, order *catalogue.Catalogue) *sums {
	if k.length > 0 {
		if s := e.sums[k]; s != nil {
			return s
		}
		return &sums{}
	}
	all := &sums{}
	for _, of := range sortedKeys(order, e.sums) { // in order, so that rounding is the same each time
		if of.model == k.model {
			all.merge(e.sums[of])
		}
	}
	return all
}
