package compare

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
)

// branches writes a row for each model of a report whose jobs have some.
func (p *printer) branches(r *Report) {
	if len(r.Branches) == 0 {
		return
	}
	t := newTable(8, 2)
	t.AppendHeader(table.Row{"", "", "measured", "", "", or(r.Engine, "predicted"), "", "other"})
	t.AppendHeader(table.Row{"model", "jobs", "line ms", "span ms", "gain", "span ms", "gain", "path"})
	for i := range r.Branches {
		b := &r.Branches[i]
		t.AppendRow(table.Row{string(b.Model), fmt.Sprint(b.Jobs), millis(b.Measured.Line), millis(b.Measured.Span),
			gain(b.Measured), millis(b.Predicted.Span), gain(b.Predicted), fmt.Sprint(b.Other)})
	}
	p.line("Branches of jobs that are DAGs: all steps in a line, and as they ran; critical paths other than predicted")
	p.table(t)
	for i := range r.Branches {
		if b := &r.Branches[i]; b.First != "" {
			p.line("  %s, %s", b.Model, b.First)
		}
	}
}

func gain(o Overlap) string { return fmt.Sprintf("%.2f x", o.Gain()) }
