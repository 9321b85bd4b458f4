package compare

import (
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"testbed/emulator/internal/printable"
	"testbed/emulator/plan"
)

// WriteRuns prints runs side by side: what each is, then model × run, the mean measured with its interval
// and, beneath it, the ratio to the first run with its own. quantity is total, network or processing.
func WriteRuns(w io.Writer, c *Comparison, quantity string) error {
	p := &printer{w: w}
	p.list(c.Runs)
	p.loads(c, quantity)
	p.line("Mean %s measured, ms, and its ratio to that of run 1, each with its 95 %% interval", quantity)
	others := make([]int, 0, len(c.Runs))
	for i := 1; i < len(c.Runs); i++ {
		others = append(others, i)
	}
	for part := range slices.Chunk(others, 2) { // beside run 1, more are wider than Width
		p.runs(c, append([]int{0}, part...), quantity)
	}
	for i := 1; i < len(c.Runs); i++ {
		p.pairing(c, i)
		p.changes(c.Runs[i].Changes)
	}
	return p.err
}

func (p *printer) runs(c *Comparison, runs []int, quantity string) {
	t := newTable(1+len(runs), 2)
	head := table.Row{"model"}
	for _, i := range runs {
		head = append(head, fmt.Sprintf("run %d", i+1))
	}
	t.AppendHeader(head)
	for _, m := range c.models() {
		means, ratios, undisturbed, any := table.Row{string(m)}, table.Row{""}, table.Row{"  undisturbed"}, false
		for _, i := range runs {
			means = append(means, c.Runs[i].cell(m, quantity))
			ratio, without := "", ""
			if d, ok := c.find(i+1, m, quantity); ok && i > 0 {
				ratio = d.Ratio.factor()
				if d.Undisturbed != nil {
					without, any = d.Undisturbed.Ratio.factor(), true
				}
			}
			ratios, undisturbed = append(ratios, ratio), append(undisturbed, without)
		}
		t.AppendRow(means)
		t.AppendRow(ratios)
		if any {
			t.AppendRow(undisturbed)
		}
	}
	p.table(t)
}

func (s Share) factor() string { return fmt.Sprintf("x %.3f [%.3f, %.3f]", s.Ratio, s.Low, s.High) }

func (r *Run) cell(m plan.Model, quantity string) string {
	if len(r.Reports) > 0 {
		for i := range r.Reports[0].Models {
			if g := &r.Reports[0].Models[i]; g.Model == m && g.Chains > g.Errors {
				v := g.quantity(quantity).MeasuredMean
				return fmt.Sprintf("%s [%s, %s]", millis(v.Mean), millis(v.Low), millis(v.High))
			}
		}
	}
	return "-"
}

// models are those that any run has measured, in the study's order.
func (c *Comparison) models() []plan.Model {
	var all Run
	for _, r := range c.Runs {
		all.options = r.options
		for _, report := range r.Reports {
			for _, g := range report.Models {
				all.samples = append(all.samples, sample{model: g.Model})
			}
		}
	}
	return all.models()
}

func (c *Comparison) find(number int, m plan.Model, quantity string) (Difference, bool) {
	for _, d := range c.Differences {
		if d.Number == number && d.Model == m && d.Quantity == quantity {
			return d, true
		}
	}
	return Difference{}, false
}

// pairing says how a run was held against the first.
func (p *printer) pairing(c *Comparison, run int) {
	least, most, paired, named, any := 0, 0, false, false, false
	for _, d := range c.Differences {
		if d.Number == run+1 {
			if !any || d.Chains < least {
				least = d.Chains
			}
			most, paired, named, any = max(most, d.Chains), d.Paired, d.ByName, true
		}
	}
	count := fmt.Sprint(least)
	if most > least {
		count = fmt.Sprintf("%d to %d", least, most)
	}
	switch {
	case !any:
		p.line("Run %d has no model in common with run 1.", run+1)
	case named:
		p.paragraph(fmt.Sprintf("Run %d is paired with run 1 by the jobs that both have, of one source, and model: %s "+
			"pairs a model; other jobs are left out, and a job's client may be another.", run+1, count))
	case paired:
		p.line("Run %d is paired with run 1 by job and model: %s pairs a model.", run+1, count)
	default:
		p.paragraph(fmt.Sprintf("Run %d and run 1 are independent samples (not the same scenario, seed and jobs): "+
			"%s chains a model, and their workloads may differ.", run+1, count))
	}
}

// mostChanges is how many differences of scenarios are printed.
const mostChanges = 12

// changes says in what a run's scenario differs from the first one's.
func (p *printer) changes(all []Change) {
	if len(all) == 0 {
		return
	}
	p.line("Its scenario differs from that of run 1:")
	for i, c := range all {
		if i == mostChanges {
			p.line("  ... and %s more", printable.Count(len(all)-i, "key"))
			break
		}
		p.line("  %s: %s -> %s", c.Key, or(cut(c.First), "absent"), or(cut(c.This), "absent"))
	}
}

// cut is the begin of a long value.
func cut(value string) string {
	const most = 40
	if letters := []rune(value); len(letters) > most {
		return string(letters[:most]) + "..."
	}
	return value
}
