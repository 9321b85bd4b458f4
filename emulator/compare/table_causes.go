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
		p.line("From what the error of %s arises is not known: no chain was measured step by step and predicted.", or(r.Engine, "the prediction"))
		return p.err
	}
	p.line("From what the error of %s arises, measured - predicted, ms a chain (* not 0 by its interval)", r.Engine)
	for part := range slices.Chunk(models, blocks) {
		p.causes(part)
	}
	p.residual(r)
	return p.err
}

func (p *printer) causes(models []*Group) {
	t := newTable(1+len(models), 2)
	head := table.Row{"cause"}
	for _, g := range models {
		head = append(head, string(g.Model))
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
			any = true
			row = append(row, g.Causes[at].cell())
		}
		if any {
			t.AppendRow(row)
		}
	}
	row := table.Row{"all"}
	for _, g := range models {
		sum := 0.0
		for _, c := range g.Causes {
			sum += c.Difference.Mean
		}
		row = append(row, fmt.Sprintf("%s        ", fine(sum)))
	}
	t.AppendRow(row)
	p.table(t)
}

func (c Cause) cell() string {
	star := " "
	if c.Difference.Low > 0 || c.Difference.High < 0 {
		star = "*"
	}
	return fmt.Sprintf("%s%s %4.0f %%", fine(c.Difference.Mean), star, 100*c.Share)
}

// residual says how to read the table, and holds the FaaS's overhead against the empty function's.
func (p *printer) residual(r *Report) {
	if !r.PartsKnown {
		p.paragraph("The predictions do not say what their transfers consist of; `transfers` is all of it. A new run has the parts.")
	} else {
		p.paragraph("Queueing is the residual of the transfers: what was measured less what the transport model says, so waiting behind other traffic, the host's noise, and whatever that model gets wrong.")
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
		p.line("FaaS overhead: %s ms an invocation; an empty function's is %s ms", fine(measured/float64(tasks)), fine(r.Empty.Rest))
	}
}

// WriteRoles prints where the difference to one engine's predictions arises: model × role of the step, the
// mean of a step, and of what the difference consists, in ms a chain.
func WriteRoles(w io.Writer, r *Report) error {
	p := &printer{w: w}
	names := r.roleCauses()
	t := newTable(6+len(names), 3)
	top, head := table.Row{"", "", "", r.Engine, "measured", "differs"}, table.Row{"model", "step", "steps", "ms/step", "ms/step", "ms/chain"}
	for _, name := range names {
		top, head = append(top, "of it:"), append(head, short(name))
	}
	t.AppendHeader(top)
	t.AppendHeader(head)
	for _, g := range r.Models {
		for i, s := range g.Roles {
			model := ""
			if i == 0 {
				model = string(g.Model)
			}
			row := table.Row{model, s.Role, s.Steps, fine(s.Predicted), fine(s.Measured), fine(s.PerChain)}
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
				if slices.ContainsFunc(s.Causes, func(c RoleCause) bool { return c.Cause == name && math.Abs(c.PerChain) > 1e-9 }) && !slices.Contains(out, name) {
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
			return fine(c.PerChain)
		}
	}
	return ""
}

// short names a cause in a narrow column.
func short(name CauseName) string {
	switch name {
	case Propagation:
		return "propag."
	case Serialisation:
		return "serial."
	case SlowStart:
		return "slow st."
	case RoundTrip:
		return "trip"
	case FaaSOverhead:
		return "faas"
	case Processing:
		return "process."
	case Queueing:
		return "queueing"
	}
	return string(name)
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
