package report

import (
	"slices"
	"strings"
	"testing"

	"testbed/emulator/record"
)

// TestMovesTable: where programs have started for moves, the table has what that took beside its prediction; a move to
// where they were warm leaves those cells empty, and without any there are no such columns.
func TestMovesTable(t *testing.T) {
	warm := record.Migration{Function: "f", Unavailable: 0.02, Delayed: 3,
		Predicted: &record.PredictedMove{Unavailable: 0.01, P95: 0.01}}
	cold := record.Migration{Function: "g", Unavailable: 0.6, Start: 0.59, Awaited: 0.5, Undone: "no",
		Predicted: &record.PredictedMove{Unavailable: 0.5, P95: 0.9, Start: 0.48}}
	unexpected := record.Migration{Function: "h", Start: 0.25}
	const p95, start, predicted = "predicted p95, ms", "start, ms", "predicted start, ms"
	for _, c := range []struct {
		moves []record.Migration
		want  map[string][]string // by column, of each row
	}{
		{[]record.Migration{warm}, map[string][]string{"delayed": {"3"}, "error": {"+100.0 %"}, "note": {""}}},
		{[]record.Migration{warm, cold, unexpected}, map[string][]string{
			p95: {"", "900.00", ""}, start: {"", "590.00", "250.00"}, predicted: {"", "480.00", ""},
			"unavailable, ms": {"20.00", "600.00", "0.00"}, "predicted, ms": {"10.00", "500.00", ""},
			"delayed": {"3", "0", "0"}, "note": {"", "no", ""},
		}},
	} {
		table := movesTable(c.moves)
		got := map[string][]string{}
		for i, column := range table.Columns {
			for _, row := range table.Rows {
				if len(row) != len(table.Columns) {
					t.Fatalf("%q under %+v", row, table.Columns)
				}
				got[column.Name] = append(got[column.Name], row[i])
			}
		}
		for name, want := range c.want {
			if !slices.Equal(got[name], want) {
				t.Errorf("%s: %q, want %q", name, got[name], want)
			}
		}
		_, starts := c.want[start]
		if _, has := got[start]; has != starts || strings.Contains(table.Note, "starts with the offer") != starts {
			t.Errorf("starts are told of: %v; %s", has, table.Note)
		}
	}
}
