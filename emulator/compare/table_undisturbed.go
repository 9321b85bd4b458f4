package compare

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
)

// undisturbed writes a table like the models', of the models with chains that the host disturbed, without those.
func (p *printer) undisturbed(reports []*Report, quantity string) {
	t, rows := modelTable(reports, quantity), 0
	for i := range reports[0].Models {
		g := &reports[0].Models[i]
		if g.Undisturbed == nil {
			continue
		}
		m := g.Undisturbed.quantity(quantity).Measured
		row := table.Row{string(g.Model), fmt.Sprint(g.Undisturbed.Chains), millis(m.Mean), millis(m.Median), millis(m.P95)}
		if g.Undisturbed.Chains == 0 {
			row = table.Row{string(g.Model), "0", "-", "-", "-"}
		}
		for _, r := range reports {
			if i < len(r.Models) && r.Models[i].Undisturbed != nil {
				u := r.Models[i].Undisturbed
				row = append(row, u.quantity(quantity).cells(u.Paired)...)
			}
		}
		t.AppendRow(row)
		rows++
	}
	if rows > 0 {
		p.line("The same without the chains that the host disturbed, of the models that have some")
		p.table(t)
	}
}

// orderUndisturbed says what the order is without the disturbed chains.
func (p *printer) orderUndisturbed(r *Report) {
	if o := r.OrderUndisturbed; o != nil && len(o.Relations) > 0 {
		p.line("  without the chains that the host disturbed: %s", o.Verdict.words())
	}
}

// words say what became of a statement.
func (d Decision) words() string {
	return map[Decision]string{Yes: "holds", No: "does not hold", Undecided: "undecided"}[d]
}
