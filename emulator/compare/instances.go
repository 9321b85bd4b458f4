package compare

import (
	"fmt"
	"slices"

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
		role.coldPredicted++
	}
	c.measured[coldStart] += started
	c.measured[instanceQueue] += m.Duration - started
	note(coldStart, start, started-start)
	note(instanceQueue, f.duration-start, m.Duration-started-(f.duration-start))
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
			fmt.Sprint(role.ColdPredicted), millis(role.Predicted)})
	}
	p.line("Instances of functions: invocations that waited for a start, and the mean wait of all for an instance")
	p.table(t)
}
