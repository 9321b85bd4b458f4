package compare

import (
	"math"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// group collects chains.
type group struct {
	errors    int
	states    States
	good      []*Chain              // those without an error
	predicted []*predict.Prediction // beside them; nil: none
}

func (g *group) add(c *Chain, p *predict.Prediction) {
	g.states.Checked += c.States
	g.states.Failed += c.Lost
	g.states.Passed += c.States - c.Lost
	if c.Err != "" {
		g.errors++
		return
	}
	g.good = append(g.good, c)
	g.predicted = append(g.predicted, p)
}

func (g *group) summarise(k groupKey, o Options) Group {
	out := Group{Model: k.model, Length: k.length, Chains: len(g.good) + g.errors, Errors: g.errors, States: g.states}
	for _, p := range g.predicted {
		if p != nil {
			out.Paired++
		}
	}
	out.Total = g.quantity(o, func(c *Chain) float64 { return c.Total }, func(p *predict.Prediction) float64 { return p.Total })
	out.Network = g.quantity(o, network, func(p *predict.Prediction) float64 { return p.Network })
	out.Processing = g.quantity(o, func(c *Chain) float64 { return c.Processing }, func(p *predict.Prediction) float64 { return p.Processing })
	out.Roles = g.roles(out.Paired)
	return out
}

func network(c *Chain) float64 { return c.Network }

func (g *group) quantity(o Options, measured func(*Chain) float64, predicted func(*predict.Prediction) float64) Quantity {
	var all, m, p, d []float64
	for i, c := range g.good {
		all = append(all, measured(c))
		if g.predicted[i] != nil {
			m = append(m, measured(c))
			p = append(p, predicted(g.predicted[i]))
			d = append(d, m[len(m)-1]-p[len(p)-1])
		}
	}
	return Quantity{Measured: summarise(all), Predicted: summarise(p), Error: errorStats(m, p), Difference: bootstrap(d, o)}
}

// roles sums the steps that were both measured and predicted.
func (g *group) roles(pairs int) []Role {
	var sums [plan.Response + 1]Role
	for i, c := range g.good {
		p := g.predicted[i]
		if p == nil {
			continue
		}
		for _, s := range c.Steps {
			if s.Index < 0 || s.Index >= len(p.Steps) || int(s.Role) >= len(sums) {
				continue
			}
			sums[s.Role].Steps++
			sums[s.Role].Measured += s.Duration
			sums[s.Role].Predicted += p.Steps[s.Index].End - p.Steps[s.Index].Start
		}
	}
	all := 0.0
	for _, r := range sums {
		all += math.Abs(r.Measured - r.Predicted)
	}
	var roles []Role
	for i, r := range sums {
		if r.Steps == 0 {
			continue
		}
		r.Role = plan.Role(i).String()
		r.PerChain = (r.Measured - r.Predicted) / float64(pairs)
		if all > 0 {
			r.Share = math.Abs(r.Measured-r.Predicted) / all
		}
		r.Measured /= float64(r.Steps)
		r.Predicted /= float64(r.Steps)
		roles = append(roles, r)
	}
	return roles
}
