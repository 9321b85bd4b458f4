package compare

import (
	"slices"

	"testbed/emulator/plan"
)

// Undisturbed is what a model's chains say without those that the host disturbed: to which it may have added more than
// the run's share of their latency. There is one only where some were.
type Undisturbed struct {
	Chains     int      `json:"chains"`
	Paired     int      `json:"paired"`
	Total      Quantity `json:"total"`
	Network    Quantity `json:"network"`
	Processing Quantity `json:"processing"`
}

func (u *Undisturbed) quantity(name string) *Quantity {
	switch name {
	case "network":
		return &u.Network
	case "processing":
		return &u.Processing
	}
	return &u.Total
}

// undisturbed are the members that the host has left alone.
func (c *Collector) undisturbed(members []int32) []int32 {
	var out []int32
	for _, i := range members {
		if !c.samples[i].disturbed {
			out = append(out, i)
		}
	}
	return out
}

// without summarises a group's chains without the disturbed ones; nil where there are none of those.
func (c *Collector) without(e *engine, members []int32) *Undisturbed {
	rest := c.undisturbed(members)
	if len(rest) == len(members) {
		return nil
	}
	columns := c.columns(e, rest)
	all := c.quantities(columns)
	return &Undisturbed{Chains: len(rest), Paired: len(columns.difference[0]),
		Total: all[0], Network: all[1], Processing: all[2]}
}

// orderUndisturbed tests the study's relations without the disturbed chains; nil where there are none of those.
func (c *Collector) orderUndisturbed(members map[groupKey][]int32) *Order {
	if !slices.ContainsFunc(c.samples, func(s sample) bool { return s.disturbed }) {
		return nil
	}
	rest := map[groupKey][]int32{}
	for k, of := range members {
		if k.length == 0 {
			rest[k] = c.undisturbed(of)
		}
	}
	o := c.order(rest)
	return &o
}

// undisturbed is a difference without the chains that the host disturbed in this run or the first; nil where there are
// none of those, or no others.
func (r *Run) undisturbed(first *Run, d Difference, by pairing) *Difference {
	if !r.disturbed(d.Model) && !first.disturbed(d.Model) {
		return nil
	}
	out, ok := r.quiet().difference(first.quiet(), d.Model, d.Quantity, by)
	if !ok {
		return nil
	}
	out.Number = d.Number
	return &out
}

func (r *Run) disturbed(m plan.Model) bool {
	return slices.ContainsFunc(r.samples, func(s sample) bool { return s.model == m && s.disturbed })
}

// quiet is the run without its disturbed chains.
func (r *Run) quiet() *Run {
	rest := slices.DeleteFunc(slices.Clone(r.samples), func(s sample) bool { return s.disturbed })
	return &Run{Name: r.Name, options: r.options, samples: rest}
}
