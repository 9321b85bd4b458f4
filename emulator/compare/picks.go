package compare

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"

	"testbed/emulator/internal/printable"
)

// Picks are the workers that dispatchers picked in a model's chains. Where another was picked than predicted, a chain's
// steps are not those that were predicted: such chains are compared by the distribution of their times alone.
type Picks struct {
	Invocations int `json:"invocations"`    // whose worker was picked
	Foreseen    int `json:"as_predicted"`   // of them, by the reference predictor
	Chains      int `json:"chains"`         // with such invocations
	Same        int `json:"chains_as_such"` // of them, those with all as predicted
}

// astray says whether one of the chain's workers is another than predicted.
func (m *Chain) astray() bool { return m.Foreseen < m.Picked }

func (p *Picks) add(m *Chain) {
	if m.Picked == 0 {
		return
	}
	p.Invocations, p.Foreseen, p.Chains = p.Invocations+m.Picked, p.Foreseen+min(m.Foreseen, m.Picked), p.Chains+1
	if !m.astray() {
		p.Same++
	}
}

func (p *Picks) merge(o Picks) {
	p.Invocations, p.Foreseen = p.Invocations+o.Invocations, p.Foreseen+o.Foreseen
	p.Chains, p.Same = p.Chains+o.Chains, p.Same+o.Same
}

// some are the picks; nil where there are none.
func (p Picks) some() *Picks {
	if p.Invocations == 0 {
		return nil
	}
	return &p
}

// String is the sentence about them.
func (p *Picks) String() string {
	return fmt.Sprintf("executed by the worker predicted: %d of %s; step by step only the %d of %s "+
		"are compared in which all were, the others by the distribution of their times", p.Foreseen,
		printable.Count(p.Invocations, "invocation"),
		p.Same, printable.Count(p.Chains, "chain"))
}

// picks writes, of models whose workers were picked, how many were as predicted, and the distributions.
func (p *printer) picks(reports []*Report, quantity string) {
	t := newTable(8, 2)
	t.AppendHeader(table.Row{"", "chains", "measured", quantity, "ms", "predicted", "", "ms"})
	t.AppendHeader(table.Row{"model", "", "p25", "median", "p95", "p25", "median", "p95"})
	any := false
	for _, r := range reports {
		if r.Engine == "" || r.Engine != r.Reference {
			continue
		}
		for i := range r.Models {
			g := &r.Models[i]
			if g.Picks == nil || g.Paired == 0 {
				continue
			}
			any = true
			p.paragraph(fmt.Sprintf("Workers picked at invocation, %s: %s", g.Model, g.Picks))
			q := g.quantity(quantity)
			m, f := q.Measured, q.Predicted
			t.AppendRow(table.Row{string(g.Model), g.Paired, millis(m.P25), millis(m.Median), millis(m.P95), millis(f.P25),
				millis(f.Median), millis(f.P95)})
		}
	}
	if any {
		p.table(t)
	}
}
