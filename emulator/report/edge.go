package report

import (
	"fmt"

	"testbed/emulator/compare"
	"testbed/emulator/report/html"
)

// edgeTable says what left the edge, by model; nil: no link leads to the cloud.
func (p *page) edgeTable() []html.Table {
	all := p.run.Manifest.Edge
	if len(all) == 0 {
		return nil
	}
	heads := []string{"model"}
	for _, h := range compare.EdgeHeads(all) {
		heads = append(heads, "#"+h)
	}
	t := html.Table{ID: "edge", Caption: say("edge.caption", nil), Note: say("edge.note", struct {
		Priced bool
		Jobs   float64
	}{all[0].Prices != nil, compare.EdgeJobs(all)}),
		Columns: columns(heads...)}
	for i := range all {
		t.Rows = append(t.Rows, append([]string{all[i].Model}, compare.EdgeCells(all, &all[i])...))
	}
	return []html.Table{t}
}

// picksTable says how many workers were picked as predicted, and compares the distributions; nil: none were picked.
func (p *page) picksTable() []html.Table {
	t := html.Table{ID: "picks", Caption: say("picks.caption", nil), Note: say("picks.note", nil),
		Columns: columns("model", "#invocations", "#as predicted", "#chains", "#with all as predicted",
			"#median measured, ms", "#predicted", "#p95 measured, ms", "#predicted, ms")}
	for _, r := range p.run.Reports {
		if r.Engine == "" || r.Engine != compare.Reference(p.run.Catalogue) {
			continue
		}
		for i := range r.Models {
			g := &r.Models[i]
			if g.Picks == nil {
				continue
			}
			m, f := g.Total.Measured, g.Total.Predicted
			t.Rows = append(t.Rows, []string{string(g.Model), fmt.Sprint(g.Picks.Invocations), fmt.Sprint(g.Picks.Foreseen),
				fmt.Sprint(g.Picks.Chains), fmt.Sprint(g.Picks.Same), millis(m.Median), millis(f.Median), millis(m.P95),
				millis(f.P95)})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return []html.Table{t}
}
