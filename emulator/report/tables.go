package report

import (
	"fmt"
	"math"
	"strings"

	"testbed/emulator/compare"
	"testbed/emulator/internal/printable"
	"testbed/emulator/report/html"
)

// columns are a table's columns; a name that begins with # is that of a column of numbers.
func columns(names ...string) []html.Column {
	list := make([]html.Column, len(names))
	for i, name := range names {
		list[i].Name, list[i].Number = strings.CutPrefix(name, "#")
	}
	return list
}

// errorTables has a row for each model and engine.
func (p *page) errorTables() []html.Table {
	t := html.Table{
		ID:      "errors",
		Caption: say("errors.caption", nil),
		Columns: columns("model", "prediction", "#chains", "#measured mean, ms", "#predicted mean, ms", "#difference, ms",
			"#95 % interval", "#median error, %", "#p95, %", "#bias, %"),
	}
	for _, report := range p.run.Reports {
		for i := range report.Models {
			g := &report.Models[i]
			row := []string{string(g.Model), report.Engine, fmt.Sprint(g.Chains), millis(g.Total.Measured.Mean)}
			t.Rows = append(t.Rows, append(row, errorCells(&g.Total, g.Paired)...))
			if u := g.Undisturbed; u != nil && u.Chains > 0 {
				row := []string{say("errors.undisturbed", g.Model), report.Engine, fmt.Sprint(u.Chains)}
				row = append(row, millis(u.Total.Measured.Mean))
				t.Rows = append(t.Rows, append(row, errorCells(&u.Total, u.Paired)...))
			}
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	first, jobs := p.run.Reports[0], 0
	if len(first.Models) > 0 {
		jobs = int(math.Round(first.Models[0].Jobs))
	}
	t.Note = say("errors.note", struct {
		Method string
		Jobs   int
	}{first.Method, jobs})
	return append(append([]html.Table{t, p.orderTable()}, p.branchTable()...), p.instanceTable()...)
}

// branchTable says what it brings that branches run side by side; nil: no job has some.
func (p *page) branchTable() []html.Table {
	t := html.Table{ID: "branches", Caption: say("branches.caption", nil), Note: say("branches.note", nil),
		Columns: columns("model", "prediction", "#jobs", "#line measured, ms", "#span measured, ms", "#gain",
			"#span predicted, ms", "#gain predicted", "#other path")}
	for _, report := range p.run.Reports {
		for i := range report.Branches {
			b := &report.Branches[i]
			t.Rows = append(t.Rows, []string{string(b.Model), report.Engine, fmt.Sprint(b.Jobs), millis(b.Measured.Line),
				millis(b.Measured.Span), fmt.Sprintf("%.2f", b.Measured.Gain()), millis(b.Predicted.Span),
				fmt.Sprintf("%.2f", b.Predicted.Gain()), fmt.Sprint(b.Other)})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return []html.Table{t}
}

// sharesTable says who executed functions, by class of hosts; nil: it is not known.
func (p *page) sharesTable() []html.Table {
	shares := p.run.Manifest.Placement
	if len(shares) == 0 {
		return nil
	}
	all := 0.0
	for i := range shares {
		all += float64(shares[i].Operations)
	}
	t := html.Table{ID: "executors", Caption: say("executors.caption", nil),
		Columns: columns("class", "#hosts", "#may execute", "#did", "#tasks", "#operations, %")}
	for _, c := range shares {
		share := 0.0
		if all > 0 {
			share = 100 * float64(c.Operations) / all
		}
		t.Rows = append(t.Rows, []string{c.Class, fmt.Sprint(c.Hosts), fmt.Sprint(c.May), fmt.Sprint(c.Executed),
			fmt.Sprint(c.Tasks), fmt.Sprintf("%.1f", share)})
	}
	return []html.Table{t}
}

// errorCells are what the table says of so many pairs.
func errorCells(q *compare.Quantity, pairs int) []string {
	if pairs == 0 {
		return []string{"", "", "", "", "", ""}
	}
	d, e := q.Difference, q.Error
	return []string{millis(q.Predicted.Mean), signed(d.Mean), between(d.Low, d.High), percent(e.Median), percent(e.P95),
		fmt.Sprintf("%+.2f", 100*e.Bias)}
}

// orderTable is the study's order of the models, held against the measurement.
func (p *page) orderTable() html.Table {
	t := html.Table{
		ID:      "order",
		Caption: say("order.caption", nil),
		Columns: columns("statement", "#left mean, ms", "#right mean, ms", "#difference, ms", "#95 % interval", "#chains",
			"holds"),
	}
	for _, r := range p.run.Reports[0].Order.Relations {
		holds := string(r.Verdict)
		switch {
		case r.Verdict == compare.No:
			holds = "NO"
		case r.ToDecide > 0:
			holds += fmt.Sprintf("; about %s would decide it", printable.Count(r.ToDecide, "chain"))
		}
		t.Rows = append(t.Rows, []string{
			strings.Join([]string{string(r.Left), r.Relation, string(r.Right)}, " "),
			millis(r.LeftMean), millis(r.RightMean), signed(r.Difference.Mean),
			between(r.Difference.Low, r.Difference.High), fmt.Sprint(r.Chains), holds,
		})
	}
	if o := p.run.Reports[0].OrderUndisturbed; o != nil && len(o.Relations) > 0 {
		t.Note = say("order.undisturbed", o)
	}
	if len(t.Rows) == 0 {
		t.Note = say("order.none", nil)
	}
	return t
}

// between is an interval; both ends are in seconds.
func between(low, high float64) string { return "[" + signed(low) + ", " + signed(high) + "]" }

// millis and signed are seconds as milliseconds, percent a share.
func millis(s float64) string  { return fmt.Sprintf("%.1f", 1000*s) }
func signed(s float64) string  { return fmt.Sprintf("%+.2f", 1000*s) }
func percent(r float64) string { return fmt.Sprintf("%.2f", 100*r) }
