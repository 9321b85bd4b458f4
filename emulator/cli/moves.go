package cli

import (
	"fmt"

	"testbed/emulator/internal/printable"
	"testbed/emulator/record"
	"testbed/emulator/units"
)

// movesLines say what the moves of functions took.
func movesLines(events []record.Event) (lines []string) {
	for _, e := range events {
		for i := range e.Moves {
			lines = append(lines, moveLine(&e.Moves[i]))
		}
	}
	return lines
}

func moveLine(m *record.Migration) string {
	line := fmt.Sprintf("Move: %s of %s, %s to %s, %s: ", m.Function, m.Client, m.From, m.To, m.Method)
	if m.Undone != "" {
		return line + "UNDONE: " + m.Undone
	}
	line += fmt.Sprintf("not served for %.2f ms", 1e3*m.Unavailable)
	if p := m.Predicted; p != nil && p.Unavailable > 0 {
		line += fmt.Sprintf(" (predicted %.2f, %+.1f %%)", 1e3*p.Unavailable, 100*(m.Unavailable/p.Unavailable-1))
	}
	line += fmt.Sprintf("; %v in %s; %s delayed", units.ByteSize(m.Bytes), printable.Count(m.Rounds, "round"),
		printable.Count(m.Delayed, "invocation"))
	switch p := m.Predicted; {
	case p != nil && p.Start > 0:
		line += fmt.Sprintf("; its program started within %.2f ms (predicted %.2f)", 1e3*m.Start, 1e3*p.Start)
	case m.Start > 0:
		line += fmt.Sprintf("; its program started within %.2f ms", 1e3*m.Start)
	}
	return line
}
