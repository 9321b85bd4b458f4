package experiment

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/record"
)

// movesSpec is the shipped experiment of moves, predicted, with some of its levels.
func movesSpec(t *testing.T, figures ...string) Spec {
	t.Helper()
	s, err := ReadFile("../../scenarios/experiments/moves.yaml", Spec{Seed: 1, Repeat: 1})
	if err != nil {
		t.Fatal(err)
	}
	s.Engines, s.Figures = []string{"transport"}, append(s.Figures, figures...)
	for i := range s.Factors {
		if f := &s.Factors[i]; f.Name == "part" || f.Name == "line" {
			f.Levels = f.Levels[1:3]
		}
	}
	return s
}

// Moves that are predicted are rows of a table of their own, in a group for each combination, and figures by their
// sizes on logarithmic axes, one for each way of moving.
func TestMovesArePredicted(t *testing.T) {
	s, dir := movesSpec(t), t.TempDir()
	o := execute(t, s, dir)
	table := rowsOf(t, filepath.Join(dir, "moves.csv"))
	if len(table) != 1+8 || len(o.Pooled.Moves) != 8 {
		t.Fatalf("%d rows, %d groups", len(table)-1, len(o.Pooled.Moves))
	}
	for column, want := range map[string][]string{"engine": {"transport"}, "function": {"follow"}, "from": {"box1"},
		"method": {"stop-and-copy", "pre-copy"}, "state_bytes": {"100000", "1000000"}, "ok": {"1"}, "delay_s": {""},
		"line_bps": {"100000000", "1000000000"}} {
		if got := values(t, table, column); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", column, got, want)
		}
	}
	for _, g := range o.Pooled.Moves {
		bytes, _ := strconv.ParseFloat(strings.TrimSuffix(g.Levels[0], "kB"), 64)
		rate, _ := strconv.ParseFloat(strings.TrimSuffix(g.Levels[1], "bps")[:1], 64)
		if g.Predicted == nil || g.Measured != nil || *g.Predicted <= 0 || g.Moves != 1 || bytes == 0 || rate != 1 {
			t.Errorf("%+v", g)
		}
	}
	stop, err := filepath.Glob(filepath.Join(dir, "figures", "figure-1-*-stop-and-copy.csv"))
	pre, _ := filepath.Glob(filepath.Join(dir, "figures", "figure-1-*-pre-copy.svg"))
	if err != nil || len(stop) != 1 || len(pre) != 1 {
		t.Fatalf("%v, %v", stop, pre)
	}
	points := rowsOf(t, stop[0])
	const head = "line_bps,engine,state_mb,unavailability_s,ci95_low,ci95_high,samples"
	if len(points) != 1+4 || strings.Join(points[0], ",") != head {
		t.Errorf("%q", points)
	}
	if points[1][0] != "100Mbps" || points[1][1] != "transport" || points[1][2] != "0.1" {
		t.Errorf("%q", points[1])
	}
	again, err := os.ReadFile(filepath.Join(dir, "moves.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if o := execute(t, s, dir); o.Found != 8 {
		t.Errorf("%d cells were found", o.Found)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "moves.csv")); err != nil || string(text) != string(again) {
		t.Error("the journal gives other moves")
	}
}

// What was measured stands beside what was expected of it: the mean of each, and the median of the errors.
func TestMovesPooled(t *testing.T) {
	s := movesSpec(t)
	s.Engines = []string{Emulation, "transport"}
	cells, err := Resolve(context.Background(), &s, builtin.Catalogue(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := newPool(&s, cells)
	moved := func(took, expected float64, undone string) record.Event {
		return record.Event{Model: "in-function", Moves: []record.Migration{{Function: "f", Method: "pre-copy",
			Unavailable: took, Undone: undone, Bytes: 7, StateBytes: 5,
			Predicted: &record.PredictedMove{Unavailable: expected, Bytes: 6}}}}
	}
	all := movesOf([]record.Event{moved(1, 2, ""), moved(3, 2, ""), moved(8, 5, ""), moved(9, 5, "no")},
		func(string) bool { return true })
	p.add(cells[0], &Result{Moves: all})
	groups := p.summary().Moves
	if len(groups) != 1 {
		t.Fatalf("%+v", groups)
	}
	g := groups[0]
	if g.Moves != 3 || g.Undone != 1 || *g.Measured != 4 || *g.Predicted != 3.5 || math.Abs(*g.Error-0.5) > 1e-12 ||
		*g.Bytes != 7 || *g.PredictedBytes != 6 {
		t.Errorf("%+v", g.Fields())
	}
	if got := movesOf([]record.Event{moved(1, 2, "")}, func(e string) bool { return e == Emulation }); len(got) != 1 ||
		got[0].Engine != Emulation || got[0].Bytes != 7 {
		t.Errorf("%+v", got)
	}
}

// A figure of moves knows their columns, and an axis is logarithmic only where all of it is above 0.
func TestFormulasOfMoves(t *testing.T) {
	s := movesSpec(t)
	cells, err := Resolve(t.Context(), &s, builtin.Catalogue(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"log(unavailability_s)~log(state_bytes),line|how": "log(unavailability_s)~log(state_bytes),line_bps|how",
		"move_s ~ log( part ), method | to":               "move_s~log(part_bytes),how|to",
		"unavailability_s~length":                         `there is no column "length"`,
		"latency_s~log(how)":                              "log(how): not all of its levels are numbers",
		"latency_s~state_bytes":                           `there is no column "state_bytes"`,
		"unavailable_s~part":                              "is no quantity of chains or moves",
	} {
		f, err := s.ParseFormula(text, cells)
		got := f.String()
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || err == nil && got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// A level may set other keys, which the experiment's directory remembers.
func TestLevelsThatSetOtherKeys(t *testing.T) {
	s := movesSpec(t)
	sc, err := s.Scenario(s.cells()[7], builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if n := sc.Workload.States; len(n) != 4 || n[3].Size != 250_000 || sc.Replay.Arrival.Kind != "poisson" ||
		sc.Events[0].Migrate.Method != "pre-copy" || sc.Events[0].Migrate.Rounds != 2 {
		t.Errorf("%+v, %+v", sc.Workload.States, sc.Events[0].Migrate)
	}
	dir := t.TempDir()
	cells, err := Resolve(t.Context(), &s, builtin.Catalogue(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.begin(dir, cells, "test")
	if err != nil || out.Close() != nil {
		t.Fatal(err)
	}
	again, err := Reopen(dir)
	if err != nil || len(again.Factors) != 3 || len(again.Factors[0].Levels[0].Also) != 3 {
		t.Errorf("%v, %+v", err, again.Factors)
	}
	path := filepath.Join(dir, "bad.yaml")
	for text, want := range map[string]string{
		"factors: {a: {key: a, levels: {}}}":       "a factor has a key and levels",
		"factors: {a: {key: a, levels: {x: 7}}}":   "factors.a.levels.x: a mapping belongs here",
		"factors: {a: {key: a, levels: {x: [7]}}}": "factors.a.levels.x: a mapping belongs here",
	} {
		if err := os.WriteFile(path, []byte("scenario: base.yaml\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(path, Spec{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
