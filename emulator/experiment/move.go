package experiment

import (
	"math"

	"testbed/emulator/predict/transport"
	"testbed/emulator/record"
)

// Move is the move of a stateful instance as an engine has it: measured, or predicted. Times are in s.
type Move struct {
	Engine      string  `json:"e"`
	Model       string  `json:"m"`
	Number      int     `json:"n"` // of the model's moves, from 1, in the order in which they were entered
	Function    string  `json:"f"` // or functions, of those that share their states
	Client      string  `json:"c"`
	From        string  `json:"fr"`
	To          string  `json:"to"`
	Method      string  `json:"me"`
	States      int     `json:"s"`           // before the move
	StateBytes  int64   `json:"sb"`          // of them
	Bytes       float64 `json:"b"`           // of states, in all rounds
	Rounds      float64 `json:"r"`           // the last included; a prediction is a mean
	Unavailable float64 `json:"u"`           // its invocations were not served
	Took        float64 `json:"t"`           // from the first copying, or the hold, to the end
	Drain       float64 `json:"d,omitempty"` // of Unavailable, until what was at work had ended; measured alone
	Delayed     int     `json:"dn,omitempty"`
	Delay       float64 `json:"dm,omitempty"` // the mean of invocations that came meanwhile
	OK          bool    `json:"ok"`
	Error       string  `json:"er,omitempty"` // why it was undone
}

// movesOf makes rows of events' moves: of each one by Emulation, where that is wanted and it was carried out, and one
// by the transport model of what was expected of it.
func movesOf(events []record.Event, wanted func(engine string) bool) (all []Move) {
	numbers := map[string]int{}
	for _, e := range events {
		for i := range e.Moves {
			numbers[e.Model]++
			all = append(all, rowsOfMove(&e.Moves[i], e.Model, numbers[e.Model], wanted)...)
		}
	}
	return all
}

func rowsOfMove(m *record.Migration, model string, number int, wanted func(engine string) bool) (all []Move) {
	row := Move{Model: model, Number: number, Function: m.Function, Client: m.Client, From: m.From, To: m.To,
		Method: m.Method, States: m.States, StateBytes: m.StateBytes, OK: true}
	if wanted(Emulation) {
		own := row
		own.Engine, own.Bytes, own.Rounds = Emulation, float64(m.Bytes), float64(m.Rounds)
		own.Unavailable, own.Took, own.Drain = m.Unavailable, m.Took, m.Drain
		own.Delayed, own.Delay, own.OK, own.Error = m.Delayed, m.Delay, m.Undone == "", m.Undone
		all = append(all, own)
	}
	if p := m.Predicted; p != nil && wanted(transport.EngineName) {
		row.Engine, row.Bytes, row.Rounds = transport.EngineName, p.Bytes, p.Rounds
		row.Unavailable, row.Took = p.Unavailable, p.Took
		all = append(all, row)
	}
	return all
}

// moveColumns are those of moves.
func (s *Spec) moveColumns(cells []*Cell) []column {
	measured := func(of func(*Move) float64) func(*line) float64 {
		return func(l *line) float64 {
			if l.move.Engine != Emulation {
				return math.NaN()
			}
			return of(l.move)
		}
	}
	return append(s.cellColumns(cells),
		text("engine", func(l *line) string { return l.move.Engine }),
		text("model", func(l *line) string { return l.move.Model }),
		whole("number", func(l *line) int64 { return int64(l.move.Number) }),
		text("function", func(l *line) string { return l.move.Function }),
		text("client", func(l *line) string { return l.move.Client }),
		text("from", func(l *line) string { return l.move.From }),
		text("to", func(l *line) string { return l.move.To }),
		text("method", func(l *line) string { return l.move.Method }),
		whole("states", func(l *line) int64 { return int64(l.move.States) }),
		whole("state_bytes", func(l *line) int64 { return l.move.StateBytes }),
		number("moved_bytes", func(l *line) float64 { return l.move.Bytes }),
		number("rounds", func(l *line) float64 { return l.move.Rounds }),
		number("unavailability_s", func(l *line) float64 { return l.move.Unavailable }),
		number("move_s", func(l *line) float64 { return l.move.Took }),
		number("drain_s", measured(func(m *Move) float64 { return m.Drain })),
		number("delayed", measured(func(m *Move) float64 { return float64(m.Delayed) })),
		number("delay_s", measured(func(m *Move) float64 { return m.Delay })),
		whole("ok", func(l *line) int64 { return truth(l.move.OK) }),
		text("error", func(l *line) string { return l.move.Error }),
		text("run", func(l *line) string { return l.result.Run }))
}
