package compare

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
)

// blocks is how many models a table of causes holds beside each other.
const blocks = 4

// WriteCauses prints from what the difference to one engine's predictions arises: cause × model, the mean
// difference per chain with the share of the sum of all causes' sizes. A star marks those whose interval
// excludes 0.
func WriteCauses(w io.Writer, r *Report) error {
	p := &printer{w: w}
	var models []*Group
	for i := range r.Models {
		if r.Models[i].Attributed > 0 {
			models = append(models, &r.Models[i])
		}
	}
	if len(models) == 0 {
		p.line("The causes of the error are not known: no chain has all steps measured and predicted (%s).",
			or(r.Engine, "by nothing"))
		return p.err
	}
	if r.Engine == r.Reference && r.PartsKnown {
		p.line("Of what the time that %s predicts consists, ms a chain", r.Engine)
		for part := range slices.Chunk(models, blocks) {
			p.causes(part, Cause.forecast)
		}
	}
	p.line("From what the error of %s arises, measured - predicted, ms a chain (* not 0 by its interval)", r.Engine)
	for part := range slices.Chunk(models, blocks) {
		p.causes(part, Cause.error)
	}
	p.residual(r)
	return p.err
}

// causes prints the causes of which a number is shown in at least one model, and their sum.
func (p *printer) causes(models []*Group, of func(Cause) (value, share float64, star string)) {
	t := newTable(1+len(models), 2)
	head, sum := table.Row{"cause"}, table.Row{"all"}
	for _, g := range models {
		head = append(head, string(g.Model))
		total := 0.0
		for _, c := range g.Causes {
			value, _, _ := of(c)
			total += value
		}
		sum = append(sum, fine(total)+"        ")
	}
	t.AppendHeader(head)
	for _, name := range CauseNames {
		row, any := table.Row{string(name)}, false
		for _, g := range models {
			at := slices.IndexFunc(g.Causes, func(c Cause) bool { return c.Cause == name })
			if at < 0 {
				row = append(row, "-")
				continue
			}
			value, share, star := of(g.Causes[at])
			any = any || math.Abs(value) > 1e-9
			row = append(row, fmt.Sprintf("%s%s %4.0f %%", fine(value), star, 100*share))
		}
		if any {
			t.AppendRow(row)
		}
	}
	t.AppendRow(sum)
	p.table(t)
}

func (c Cause) error() (value, share float64, star string) {
	star = " "
	if c.Difference.stands() {
		star = "*"
	}
	return c.Difference.Mean, c.Share, star
}

func (c Cause) forecast() (value, share float64, star string) {
	return c.Predicted, c.PredictedShare, " "
}

// residual says how to read the table, and holds the FaaS's overhead against the empty function's.
func (p *printer) residual(r *Report) {
	if !r.PartsKnown {
		p.paragraph("The predictions do not say what their transfers consist of; `transfers` is all of it. " +
			"A new run has the parts.")
	} else {
		p.remainder(r)
	}
	if r.Empty == nil {
		return
	}
	measured, tasks := 0.0, 0
	for _, g := range r.Lengths {
		for _, c := range g.Causes {
			if c.Cause == FaaSOverhead && c.Measured != nil {
				measured += *c.Measured * float64(g.Attributed)
				tasks += g.Length * g.Attributed
			}
		}
	}
	if tasks > 0 {
		p.line("FaaS overhead: %s ms an invocation; an empty function's is %s ms",
			fine(measured/float64(tasks)), fine(r.Empty.Rest))
	}
}

// remainder says what the names of the transfers' residual mean, as far as they are in the table.
func (p *printer) remainder(r *Report) {
	model := or(r.Reference, "reference") + " model"
	if r.Has(HostLateness) {
		p.paragraph("What the transfers took beyond what the " + model + " says is told apart. Host lateness: at most what " +
			"the host may have added to a chain. Other traffic: waiting behind it, of which what was measured is the rest " +
			"of what chains that overlapped others in time took longer than alone. Model error: what remains, with packets " +
			"that were late by less than 0.2 ms, and what was faster.")
	}
	if r.Has(Queueing) {
		p.paragraph("Queueing is the residual of the transfers: what was measured less what the " + model +
			" says, so waiting behind other traffic, the host's noise, and whatever that model gets wrong.")
	}
}

// Has says whether a cause is in any model's list.
func (r *Report) Has(name CauseName) bool {
	return slices.ContainsFunc(r.Models, func(g Group) bool {
		return slices.ContainsFunc(g.Causes, func(c Cause) bool { return c.Cause == name })
	})
}

// WriteRoles prints where the difference to one engine's predictions arises: model × role of the step, with
// the mean measured of a step, and the difference, and of what it consists, in ms a chain.
func WriteRoles(w io.Writer, r *Report) error {
	p := &printer{w: w}
	p.line("In which steps the error of %s arises, measured - predicted, ms a chain, and its causes", r.Engine)
	names := r.roleCauses()
	t := newTable(4+len(names), 3)
	head := table.Row{"model", "step", "ms/step", "error"}
	for _, name := range names {
		head = append(head, short(name))
	}
	t.AppendHeader(head)
	for _, g := range r.Models {
		for i, s := range g.Roles {
			model := ""
			if i == 0 {
				model = string(g.Model)
			}
			row := table.Row{model, s.Role, brief(s.Measured), brief(s.PerChain)}
			for _, name := range names {
				row = append(row, s.cell(name))
			}
			t.AppendRow(row)
		}
	}
	p.table(t)
	return p.err
}

// roleCauses are the causes of which any role has a difference.
func (r *Report) roleCauses() []CauseName {
	var out []CauseName
	for _, name := range CauseNames {
		for _, g := range r.Models {
			for _, s := range g.Roles {
				differs := func(c RoleCause) bool { return c.Cause == name && math.Abs(c.PerChain) > 1e-9 }
				if slices.ContainsFunc(s.Causes, differs) && !slices.Contains(out, name) {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

func (s *Role) cell(name CauseName) string {
	for _, c := range s.Causes {
		if c.Cause == name {
			return brief(c.PerChain)
		}
	}
	return ""
}

// short names a cause in a narrow column.
func short(name CauseName) string {
	known := map[CauseName]string{
		Propagation: "prop.", Serialisation: "serial", SlowStart: "slow", RoundTrip: "trip", HostTime: "host",
		Queueing: "queue", Waiting: "others", Processing: "proc.", FaaSOverhead: "faas", Transfers: "transf.",
		ColdStart: "cold",
	}
	return or(known[name], string(name))
}

// brief are milliseconds in six columns.
func brief(s float64) string {
	if ms := math.Abs(1000 * s); ms >= 100 {
		return fmt.Sprintf("%.1f", 1000*s)
	}
	return fmt.Sprintf("%.2f", 1000*s)
}

func fine(s float64) string {
	switch ms := 1000 * s; {
	case ms >= 1000 || ms <= -1000:
		return fmt.Sprintf("%.1f", ms)
	case ms >= 100 || ms <= -100:
		return fmt.Sprintf("%.2f", ms)
	default:
		return fmt.Sprintf("%.3f", ms+0)
	}
}
