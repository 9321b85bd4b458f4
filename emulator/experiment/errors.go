package experiment

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"testbed/emulator/internal/quantile"
	"testbed/emulator/internal/statistics"
	"testbed/emulator/record"
	"testbed/emulator/report/html"
)

// Error is by how much latencies that were predicted are off, chain by chain, as shares of what was measured.
type Error struct {
	Chains int     `json:"chains"`
	Mean   float64 `json:"mean_ratio"`   // of the means: predicted less measured
	Median float64 `json:"median_ratio"` // of the sizes
	P95    float64 `json:"p95_ratio"`
}

// pairs are chains that were predicted and measured.
type pairs struct {
	predicted, measured, weights []float64
}

func (p *pairs) add(predicted, measured, weight float64) {
	p.predicted, p.measured = append(p.predicted, predicted), append(p.measured, measured)
	p.weights = append(p.weights, weight)
}

func (p *pairs) merge(o *pairs) {
	p.predicted, p.measured = append(p.predicted, o.predicted...), append(p.measured, o.measured...)
	p.weights = append(p.weights, o.weights...)
}

// error is what they differ by; nil: there are none.
func (p *pairs) error() *Error {
	if len(p.measured) == 0 {
		return nil
	}
	sizes, weights := make([]float64, len(p.measured)), statistics.Alike(p.weights)
	for i, m := range p.measured {
		sizes[i] = math.Abs(p.predicted[i]-m) / m
	}
	sorted, ranks := quantile.Ascending(sizes, weights)
	return &Error{Chains: len(sizes), Median: quantile.Weighted(sorted, ranks, 0.5),
		P95:  quantile.Weighted(sorted, ranks, 0.95),
		Mean: statistics.WeightedMean(p.predicted, weights)/statistics.WeightedMean(p.measured, weights) - 1}
}

// String is the error of the mean, the median and the 95th percentile of the chains' errors, in %.
func (e *Error) String() string {
	return fmt.Sprintf("%+.1f / %.1f / %.1f", 100*e.Mean, 100*e.Median, 100*e.P95)
}

// ErrorRow is by how much a predictor is off in a combination of levels, model by model.
type ErrorRow struct {
	Levels   []string
	Engine   string
	Verdicts string   // of the runs on themselves
	Errors   []string // by model: Error's text, and in brackets what the host may have added to the mean; empty: none
}

// ErrorsBy are the models, and a row for each combination and predictor whose predictions were measured.
func (p *Pooled) ErrorsBy() (models []string, rows []ErrorRow) {
	for i := range p.Groups {
		if g := &p.Groups[i]; g.Errors != nil && !slices.Contains(models, g.Model) {
			models = append(models, g.Model)
		}
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		if g.Errors == nil {
			continue
		}
		at := slices.IndexFunc(rows, func(r ErrorRow) bool {
			return r.Engine == g.Engine && slices.Equal(r.Levels, g.Levels)
		})
		if at < 0 {
			at = len(rows)
			rows = append(rows, ErrorRow{Levels: g.Levels, Engine: g.Engine, Errors: make([]string, len(models))})
		}
		text := g.Errors.String()
		if m := p.measured(g); m != nil {
			rows[at].Verdicts = m.verdicts()
			if m.Host != nil {
				text += fmt.Sprintf(" (%.1f)", 100**m.Host)
			}
		}
		rows[at].Errors[slices.Index(models, g.Model)] = text
	}
	return models, rows
}

// measured is the group of the same chains as they were measured.
func (p *Pooled) measured(of *Group) *Group {
	for i := range p.Groups {
		if g := &p.Groups[i]; g.Engine == Emulation && g.Model == of.Model && slices.Equal(g.Levels, of.Levels) {
			return g
		}
	}
	return nil
}

// verdicts are how many runs are of which colour.
func (g *Group) verdicts() string {
	var all []string
	for _, colour := range []string{record.Green, record.Amber, record.Red} {
		switch n := g.Verdicts[colour]; {
		case n > 0 && g.Runs == 1:
			return colour
		case n > 0:
			all = append(all, fmt.Sprintf("%d %s", n, colour))
		}
	}
	return strings.Join(all, ", ")
}

// ErrorsAre says what a table of ErrorsBy holds.
const ErrorsAre = "Error of the predicted mean / median / 95th percentile of the chains' errors, in % of the latency " +
	"measured; in brackets the most that the host may have added to the measured mean, in %"

// errors is the page's section on how far predictions are off; nil: nothing was measured and predicted.
func (x *experiment) errors() []html.Section {
	models, rows := x.outcome.Pooled.ErrorsBy()
	if len(rows) == 0 {
		return nil
	}
	t := html.Table{ID: "errors", Caption: ErrorsAre, Filter: "Filter"}
	for _, c := range x.columns(x.Cells) {
		t.Columns = append(t.Columns, html.Column{Name: c.name})
	}
	t.Columns = append(t.Columns, html.Column{Name: "predictor"}, html.Column{Name: "verdicts"})
	for _, m := range models {
		t.Columns = append(t.Columns, html.Column{Name: m, Number: true})
	}
	for _, r := range rows {
		t.Rows = append(t.Rows, slices.Concat(r.Levels, []string{r.Engine, r.Verdicts}, r.Errors))
	}
	return []html.Section{{ID: "errors", Title: "Error of the predictions", Tables: []html.Table{t}, Intro: []string{
		"Each chain that was measured is held against its prediction: the chains of all repetitions together. Verdicts are " +
			"those of the runs on themselves; what a red run measured is not what the network alone takes."}}}
}
