package compare

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"testbed/emulator/plan"
	"testbed/emulator/predict"
)

// instance attributes a wait for an instance: to its start, and to its queue. Where the forecast has no parts, all of
// what it predicted is the start.
func (c *chainCauses) instance(m *Step, f *forecastStep, role *roleSums,
	note func(cause int, predicted, rest float64),
) {
	start := f.duration
	if c.partsKnown {
		start = predict.Seconds(f.parts.Processing)
	}
	started := min(m.Started, m.Duration)
	if started > 0 {
		role.cold++
	}
	if start > 0 {
		c.cold++
	}
	c.measured[coldStart] += started
	c.measured[instanceQueue] += m.Duration - started
	note(coldStart, start, started-start)
	note(instanceQueue, f.duration-start, m.Duration-started-(f.duration-start))
}

// starts are how many of a chain's invocations are predicted to wait for a start, by replay. Of a chain that was not
// measured as a whole, or whose forecast has only the mean of several replays, it is those that do in any.
func (c *chainCauses) starts(f *forecast, complete bool) perReplay {
	if complete && f.starts != nil {
		return f.starts
	}
	return perReplay{c.cold}
}

// perReplay is a number for each replay that a prediction is the mean of: who is cold differs between them. nil is 0 in
// all.
type perReplay []int

// add adds numbers of the same replays. Where there are fewer of one, they stand for further ones as well.
func (p *perReplay) add(o perReplay) {
	if len(o) == 0 {
		return
	}
	own := *p
	if len(own) == 0 {
		own = perReplay{0}
	}
	sum := make(perReplay, max(len(own), len(o)))
	for i := range sum {
		sum[i] = own[i%len(own)] + o[i%len(o)]
	}
	*p = sum
}

// spread is the median, the least and the most of all replays.
func (p perReplay) spread() (median float64, low, high int) {
	if len(p) == 0 {
		return 0, 0, 0
	}
	all := slices.Sorted(slices.Values(p))
	n := len(all)
	return float64(all[(n-1)/2]+all[n/2]) / 2, all[0], all[n-1]
}

// ColdText is ColdPredicted, with its range over the replays where they differ.
func (r *Role) ColdText() string {
	text := strconv.FormatFloat(r.ColdPredicted, 'f', -1, 64)
	if r.ColdLow < r.ColdHigh {
		text += fmt.Sprintf(" (%d-%d)", r.ColdLow, r.ColdHigh)
	}
	return text
}

// instanceRole is what the waits for instances of a group's functions contribute; nil: all of them are warm.
func (g *Group) instanceRole() *Role {
	for i := range g.Roles {
		if r := &g.Roles[i]; r.Role == plan.Start.String() {
			return r
		}
	}
	return nil
}

// Instances lists, of the models of a report whose functions have instances that start and end, what waiting for them
// contributes, with the models' names. An engine other than the reference that predicts no such waits has none.
func (r *Report) Instances() (models []string, roles []*Role) {
	knows := r.Engine == r.Reference || slices.ContainsFunc(r.Models, func(g Group) bool {
		role := g.instanceRole()
		return role != nil && role.Predicted > 0
	})
	if !knows {
		return nil, nil
	}
	for i := range r.Models {
		if role := r.Models[i].instanceRole(); role != nil {
			models, roles = append(models, string(r.Models[i].Model)), append(roles, role)
		}
	}
	return models, roles
}

// instances writes a row for each model of a report whose functions have instances that start and end.
func (p *printer) instances(r *Report) {
	models, roles := r.Instances()
	if len(models) == 0 {
		return
	}
	t := newTable(6, 2)
	t.AppendHeader(table.Row{"", "", "measured", "", or(r.Engine, "predicted"), ""})
	t.AppendHeader(table.Row{"model", "invocations", "cold", "wait ms", "cold", "wait ms"})
	for i, role := range roles {
		t.AppendRow(table.Row{models[i], fmt.Sprint(role.Steps), fmt.Sprint(role.Cold), millis(role.Measured),
			role.ColdText(), millis(role.Predicted)})
	}
	p.line("Instances of functions: invocations that waited for a start, and the mean wait of all for an instance")
	p.table(t)
}
