package report

import (
	"fmt"

	"testbed/emulator/report/html"
)

// instanceTable says how often functions had to be started, and what waiting for instances took; nil: all were warm.
func (p *page) instanceTable() []html.Table {
	t := html.Table{ID: "instances", Caption: say("instances.caption", nil), Note: say("instances.note", nil),
		Columns: columns("model", "prediction", "#invocations", "#cold", "#cold predicted", "#wait, ms",
			"#wait predicted, ms",
			"#error of starts, ms a chain", "#of queue, ms a chain")}
	for _, report := range p.run.Reports {
		models, roles := report.Instances()
		for i, r := range roles {
			row := []string{models[i], report.Engine, fmt.Sprint(r.Steps), fmt.Sprint(r.Cold), r.ColdText(),
				millis(r.Measured), millis(r.Predicted), "", ""}
			for k := range r.Causes[:min(2, len(r.Causes))] {
				row[7+k] = signed(r.Causes[k].PerChain)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return []html.Table{t}
}
