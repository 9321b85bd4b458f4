package experiment

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/statistics"
	"testbed/emulator/report/html"
)

// MoveGroup is what the moves of one model by one method came to, in all repetitions of a combination of levels. Those
// that were undone are in no mean. Times are in s.
type MoveGroup struct {
	Levels         []string `json:"levels"` // by factor, as given
	Model          string   `json:"model"`
	Method         string   `json:"method"`
	Moves          int      `json:"moves"` // measured, or predicted where none was
	Undone         int      `json:"undone"`
	Measured       *float64 `json:"unavailability_s,omitempty"`           // the mean; absent: nothing was measured
	Predicted      *float64 `json:"predicted_unavailability_s,omitempty"` // likewise
	Bytes          *float64 `json:"bytes,omitempty"`
	PredictedBytes *float64 `json:"predicted_bytes,omitempty"`
	// Error is the median of what moves took beyond their prediction, as a share of that.
	Error *float64 `json:"error_ratio,omitempty"`
}

// gathered are the moves of a group.
type gathered struct {
	key                                          moveKey
	undone                                       int
	measured, predicted, bytes, predictedB, errs []float64
}

type moveKey struct{ model, method string }

// addMoves takes a cell's moves.
func (p *pool) addMoves(r *Result) {
	expected := map[string]map[int]*Move{}
	for i := range r.Moves {
		if m := &r.Moves[i]; m.Engine != Emulation {
			if expected[m.Model] == nil {
				expected[m.Model] = map[int]*Move{}
			}
			expected[m.Model][m.Number] = m
		}
	}
	for i := range r.Moves {
		m := &r.Moves[i]
		g := p.gather(moveKey{m.Model, m.Method})
		switch before := expected[m.Model][m.Number]; {
		case !m.OK:
			g.undone++
		case m.Engine != Emulation:
			g.predicted, g.predictedB = append(g.predicted, m.Unavailable), append(g.predictedB, m.Bytes)
		default:
			g.measured, g.bytes = append(g.measured, m.Unavailable), append(g.bytes, m.Bytes)
			if before != nil && before.Unavailable > 0 {
				g.errs = append(g.errs, m.Unavailable/before.Unavailable-1)
			}
		}
	}
}

func (p *pool) gather(k moveKey) *gathered {
	for _, g := range p.moving {
		if g.key == k {
			return g
		}
	}
	g := &gathered{key: k}
	p.moving = append(p.moving, g)
	return g
}

// closeMoves makes groups of the moves that were collected.
func (p *pool) closeMoves() {
	slices.SortStableFunc(p.moving, func(a, b *gathered) int {
		return cmp.Or(cmp.Compare(a.key.model, b.key.model), cmp.Compare(a.key.method, b.key.method))
	})
	for _, g := range p.moving {
		group := MoveGroup{Model: g.key.model, Method: g.key.method, Moves: max(len(g.measured), len(g.predicted)),
			Undone: g.undone, Measured: meanOf(g.measured), Predicted: meanOf(g.predicted), Bytes: meanOf(g.bytes),
			PredictedBytes: meanOf(g.predictedB)}
		if len(g.measured) > 0 {
			group.Moves = len(g.measured)
		}
		if len(g.errs) > 0 {
			sorted, ranks := quantile.Ascending(g.errs, nil)
			median := quantile.Weighted(sorted, ranks, 0.5)
			group.Error = &median
		}
		for _, l := range p.first.Levels {
			group.Levels = append(group.Levels, label(l))
		}
		p.moves = append(p.moves, group)
	}
	p.moving = nil
}

// meanOf is a mean; nil: of nothing.
func meanOf(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	mean := statistics.WeightedMean(values, nil)
	return &mean
}

// MovesAre says what a table of moves holds.
const MovesAre = "Unavailability of moves, means in ms, and the median of what they took beyond their prediction; " +
	"undone ones are in none"

// MoveColumns are the heads of a table of moves beside the factors', numbers from the third on.
var MoveColumns = []string{"model", "method", "moves", "undone", "unavailable ms", "predicted ms", "error", "MB",
	"predicted MB"}

// Fields are a group's values for MoveColumns.
func (g *MoveGroup) Fields() []string {
	of := func(v *float64, factor float64, format string) string {
		if v == nil || math.IsNaN(*v) {
			return ""
		}
		return fmt.Sprintf(format, factor**v)
	}
	return []string{g.Model, g.Method, strconv.Itoa(g.Moves), strconv.Itoa(g.Undone), of(g.Measured, 1e3, "%.2f"),
		of(g.Predicted, 1e3, "%.2f"), of(g.Error, 100, "%+.1f %%"), of(g.Bytes, 1e-6, "%.4g"),
		of(g.PredictedBytes, 1e-6, "%.4g")}
}

// moves is the page's section on moves; nil: nothing moved.
func (x *experiment) moves() []html.Section {
	all := x.outcome.Pooled.Moves
	if len(all) == 0 {
		return nil
	}
	t := html.Table{ID: "moves", Caption: MovesAre, Filter: "Filter"}
	for _, c := range x.columns(x.Cells) {
		t.Columns = append(t.Columns, html.Column{Name: c.name})
	}
	for i, name := range MoveColumns {
		t.Columns = append(t.Columns, html.Column{Name: name, Number: i >= 2})
	}
	for i := range all {
		t.Rows = append(t.Rows, slices.Concat(all[i].Levels, all[i].Fields()))
	}
	return []html.Section{{ID: "moves", Title: "Moves of stateful instances", Tables: []html.Table{t}, Intro: []string{
		"An instance is unavailable from when its invocations are held until its new place can serve them. " + MovesTable +
			".csv has every move."}}}
}
