package report

import (
	"fmt"

	"testbed/emulator/record"
	"testbed/emulator/report/html"
)

// moves are those of stateful instances among a run's events; none: there were none.
func moves(list []record.Event) (all []record.Migration) {
	for _, e := range list {
		all = append(all, e.Moves...)
	}
	return all
}

// movesTable holds each move against its prediction.
func movesTable(list []record.Migration) html.Table {
	t := html.Table{
		ID:      "moves",
		Caption: say("moves.caption", nil),
		Columns: columns("function", "client", "from", "to", "method", "#rounds", "#bytes", "#predicted", "#unavailable, ms",
			"#predicted, ms", "#error", "#delayed", "#mean delay, ms", "note"),
		Note: say("moves.note", listed{mostRows, len(list), record.ManifestFile}),
	}
	for i := range list[:min(len(list), mostRows)] {
		m := &list[i]
		row := []string{
			clip(m.Function, 50), m.Client, m.From, m.To, m.Method, fmt.Sprint(m.Rounds), fmt.Sprint(m.Bytes), "",
			fmt.Sprintf("%.2f", 1e3*m.Unavailable), "", "", fmt.Sprint(m.Delayed), fmt.Sprintf("%.2f", 1e3*m.Delay),
			clip(m.Undone, 200),
		}
		if p := m.Predicted; p != nil {
			row[7], row[9] = fmt.Sprintf("%.0f", p.Bytes), fmt.Sprintf("%.2f", 1e3*p.Unavailable)
			if p.Unavailable > 0 && m.Undone == "" {
				row[10] = fmt.Sprintf("%+.1f %%", 100*(m.Unavailable/p.Unavailable-1))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
