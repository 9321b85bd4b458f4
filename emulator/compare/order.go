package compare

import "testbed/emulator/plan"

// relations are the study's order of the models by network latency.
var relations = []Relation{
	{Left: plan.External, Relation: ">", Right: plan.InEdge},
	{Left: plan.InEdge, Relation: ">", Right: plan.InClient},
	{Left: plan.InClient, Relation: ">=", Right: plan.InFunction},
}

// order tests the relations between models that were both measured.
func order(groups map[groupKey]*group, o Options) Order {
	out := Order{Holds: true, Relations: []Relation{}}
	for _, r := range relations {
		left, right := groups[groupKey{model: r.Left}], groups[groupKey{model: r.Right}]
		if left == nil || right == nil {
			continue
		}
		a, b := left.latencies(), right.latencies()
		var as, bs, differences []float64
		for _, c := range left.good { // in the rows' order, so that the bootstrap is repeatable
			if _, ok := b[c.Index]; !ok || a[c.Index] == nil {
				continue
			}
			l, r := mean(a[c.Index]), mean(b[c.Index])
			as, bs, differences = append(as, l), append(bs, r), append(differences, l-r)
			delete(a, c.Index)
		}
		if len(differences) == 0 {
			continue
		}
		r.LeftMean, r.RightMean, r.Chains = mean(as), mean(bs), len(differences)
		r.Difference = bootstrap(differences, o)
		r.Holds = r.Difference.Mean > 0 || r.Relation == ">=" && r.Difference.High >= 0
		out.Holds = out.Holds && r.Holds
		out.Relations = append(out.Relations, r)
	}
	out.Holds = out.Holds && len(out.Relations) > 0
	return out
}

// latencies are the network latencies by chain.
func (g *group) latencies() map[int][]float64 {
	by := map[int][]float64{}
	for _, c := range g.good {
		by[c.Index] = append(by[c.Index], c.Network)
	}
	return by
}

// rank fills in how far measurement and prediction rank the models alike.
func (r *Report) rank() {
	var mt, pt, mn, pn []float64
	for i := range r.Models {
		g := &r.Models[i]
		if g.Paired == 0 {
			continue
		}
		mt, pt = append(mt, g.Total.Measured.Mean), append(pt, g.Total.Predicted.Mean)
		mn, pn = append(mn, g.Network.Measured.Mean), append(pn, g.Network.Predicted.Mean)
	}
	r.TauTotal, r.TauNetwork = kendall(mt, pt), kendall(mn, pn)
}
