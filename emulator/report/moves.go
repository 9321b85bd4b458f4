package report

import (
	"fmt"
	"slices"

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
	start := slices.ContainsFunc(list, func(m record.Migration) bool {
		return m.Start > 0 || m.Predicted != nil && m.Predicted.Start > 0
	})
	heads := []string{"function", "client", "from", "to", "method", "#rounds", "#bytes", "#predicted", "#unavailable, ms",
		"#predicted, ms", "#error"}
	if start {
		heads = append(heads, "#predicted p95, ms", "#start, ms", "#predicted start, ms")
	}
	t := html.Table{
		ID:      "moves",
		Caption: say("moves.caption", nil),
		Columns: columns(append(heads, "#delayed", "#mean delay, ms", "note")...),
		Note:    say("moves.note", listed{mostRows, len(list), record.ManifestFile}),
	}
	if start {
		t.Note += " " + say("moves.starts", nil)
	}
	for i := range list[:min(len(list), mostRows)] {
		m := &list[i]
		row := []string{
			clip(m.Function, 50), m.Client, m.From, m.To, m.Method, fmt.Sprint(m.Rounds), fmt.Sprint(m.Bytes), "",
			fmt.Sprintf("%.2f", 1e3*m.Unavailable), "", "",
		}
		if p := m.Predicted; p != nil {
			row[7], row[9] = fmt.Sprintf("%.0f", p.Bytes), fmt.Sprintf("%.2f", 1e3*p.Unavailable)
			if p.Unavailable > 0 && m.Undone == "" {
				row[10] = fmt.Sprintf("%+.1f %%", 100*(m.Unavailable/p.Unavailable-1))
			}
		}
		if start {
			row = append(row, startCells(m)...)
		}
		t.Rows = append(t.Rows, append(row, fmt.Sprint(m.Delayed), fmt.Sprintf("%.2f", 1e3*m.Delay), clip(m.Undone, 200)))
	}
	return t
}

// startCells are what starts of the functions' programs at the target make of a move: the 95th percentile of what was
// predicted, and the start, measured and predicted; empty where it was warm.
func startCells(m *record.Migration) []string {
	cells := make([]string, 3)
	if p := m.Predicted; p != nil && p.Start > 0 {
		cells[0], cells[2] = fmt.Sprintf("%.2f", 1e3*p.P95), fmt.Sprintf("%.2f", 1e3*p.Start)
	}
	if m.Start > 0 {
		cells[1] = fmt.Sprintf("%.2f", 1e3*m.Start)
	}
	return cells
}
