package compare

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
)

// loads prints how far the reference's predictions are off at each run's load: of the mean, and chain by chain.
func (p *printer) loads(c *Comparison, quantity string) {
	t := newTable(6, 3)
	t.AppendHeader(table.Row{"model", "run, arrivals", "chains", "error of the mean", "median", "p95"})
	any := false
	for _, m := range c.models() {
		name := string(m)
		for i, r := range c.Runs {
			for _, report := range r.Reports {
				if report.Engine == "" || report.Engine != report.Reference {
					continue
				}
				for k := range report.Models {
					g := &report.Models[k]
					if g.Model != m || g.Paired == 0 {
						continue
					}
					q := g.quantity(quantity)
					t.AppendRow(table.Row{name, fmt.Sprintf("%d, %s", i+1, or(r.Arrivals, "?")), g.Paired,
						fmt.Sprintf("%+.1f %%", -100*q.Difference.Mean/max(q.Difference.Mean+q.Predicted.Mean, 1e-12)),
						percent(q.Error.Median), percent(q.Error.P95)})
					name, any = "", true
				}
			}
		}
	}
	if any {
		p.line("Error of the reference's predictions of %s, by load: (predicted - measured) / measured", quantity)
		p.table(t)
	}
}
