package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"testbed/emulator/internal/printable"
	"testbed/emulator/record"
	"testbed/emulator/report"
	"testbed/emulator/report/figures"
	"testbed/emulator/report/html"
)

// present writes summary, figures and the page.
func (x *experiment) present(p *pool) error {
	text, err := x.outcome.Pooled.csv()
	if err == nil {
		x.outcome.Pooled.Directory = x.Dir
		err = x.dir.WriteSynced(SummaryFile, text)
	}
	if err != nil {
		return err
	}
	sub, err := x.dir.Sub(report.FiguresDir)
	if err != nil {
		return err
	}
	page := x.page(p)
	section := html.Section{ID: "figures", Title: "Figures"}
	var errs []error
	for i, c := range p.charts {
		for _, panel := range c.panels() {
			f := c.figure(i+1, panel, x.Catalogue)
			svg, err := f.Render("svg")
			if err != nil {
				continue // there is nothing to draw
			}
			_, err = figures.Write(sub, f)
			errs = append(errs, err)
			section.Figures = append(section.Figures, html.Figure{ID: f.Name, Title: f.Title, Caption: x.caption(c),
				Static: html.SVG(string(svg))})
		}
	}
	if len(section.Figures) > 0 {
		page.Sections = slices.Insert(page.Sections, 0, section)
	}
	if x.Present != nil {
		first, err := x.Present(x.dir, sub)
		errs = append(errs, err)
		page.Sections = append(first, page.Sections...)
	}
	var made bytes.Buffer
	if err := errors.Join(append(errs, sub.Close(), html.Write(&made, page))...); err != nil {
		return err
	}
	x.outcome.Page = filepath.Join(x.Dir, report.PageFile)
	return x.dir.WriteFile(report.PageFile, made.Bytes())
}

// caption says what a figure's points and bars are.
func (x *experiment) caption(c *chart) string {
	text := "A point is the mean of the means of runs; its bar is a 95 % interval over runs (Student's t)"
	switch {
	case x.Repeat == 1 && c.formula.OfMoves():
		text += " or, where a point has one run, over its moves"
	case x.Repeat == 1:
		text += " or, where a point has one run, over its chains"
	}
	if names := c.numbered(); names != "" {
		text += "; on the axis " + names
	}
	var over []string
	for _, column := range x.columns(x.Cells) {
		if !slices.Contains([]string{c.formula.X, c.formula.Colour, c.formula.Panel}, column.name) {
			over = append(over, column.name)
		}
	}
	if len(over) > 0 {
		text += "; pooled over " + strings.Join(over, ", ")
	}
	if c.more {
		text += "; there are more curves or points than are drawn"
	}
	return text + ". The points are in " + report.FiguresDir + " as CSV."
}

// page is all but the figures.
func (x *experiment) page(p *pool) *html.Page {
	o := x.outcome
	page := &html.Page{Title: x.Name, Run: filepath.Base(x.Dir), Good: o.Done == len(x.Cells) && o.Chains == 0}
	page.Lede = fmt.Sprintf("An experiment on %s: %s, each combination executed %s", x.File,
		printable.Count(len(x.Cells), "cell"),
		printable.Count(x.Repeat, "time"))
	page.Headline = fmt.Sprintf("%d of %s finished", o.Done, printable.Count(len(x.Cells), "cell"))
	if o.Chains > 0 {
		page.Headline += fmt.Sprintf("; %s failed or lost state", printable.Count(o.Chains, "chain"))
	}
	page.Missing = o.Failed
	if x.Emulates() {
		page.Validity = x.validity(p)
	}
	for i, c := range x.columns(x.Cells) {
		var levels []string
		for _, l := range x.Factors[i].Levels {
			levels = append(levels, label(l.Text))
		}
		page.Facts = append(page.Facts, html.Fact{Name: c.name, Value: strings.Join(levels, ", ")})
	}
	page.Facts = append(page.Facts, html.Fact{Name: "engines", Value: strings.Join(x.Engines, ", ")},
		html.Fact{Name: "order", Value: x.Order})
	page.Sections = []html.Section{
		{ID: "summary", Title: "Pooled over repetitions", Tables: []html.Table{x.groups()}, Intro: []string{
			"Of two intervals of 95 % of a mean, that over runs takes each repetition as one observation: it says how far " +
				"the mean of another repetition, with other jobs, may be off. That over chains takes each chain as one, and " +
				"holds for the jobs that were drawn."}},
	}
	page.Sections = append(slices.Concat(page.Sections, x.errors(), x.moves()),
		html.Section{ID: "cells", Title: "Cells", Tables: []html.Table{x.cells(p)}})
	page.Data = struct {
		Models []html.Model   `json:"models"`
		Charts map[string]any `json:"charts"`
	}{[]html.Model{}, map[string]any{}}
	page.Made = "Made by testbed. The tables " + ChainsTable + ", " + StepsTable + " and " + CellsTable +
		" beside this page have all rows, as CSV and Parquet."
	return page
}

// validity is the worst verdict of the runs on themselves, with how many of each there are.
func (x *experiment) validity(p *pool) html.Validity {
	count := map[string]int{}
	for _, row := range p.rows {
		count[row.result.Verdict]++
	}
	v := html.Validity{Colour: record.Green}
	for _, colour := range []string{record.Amber, record.Red} {
		if count[colour] > 0 {
			v.Colour = colour
		}
	}
	v.Text = fmt.Sprintf("%s green, %d amber, %d red by their own verdicts", printable.Count(count[record.Green], "run"),
		count[record.Amber],
		count[record.Red])
	return v
}

// groups is the summary as a table.
func (x *experiment) groups() html.Table {
	t := html.Table{ID: "groups", Caption: "Means in ms, with their intervals", Filter: "Filter"}
	for _, c := range x.columns(x.Cells) {
		t.Columns = append(t.Columns, html.Column{Name: c.name})
	}
	t.Columns = append(t.Columns, html.Column{Name: "model"}, html.Column{Name: "engine"})
	for _, name := range []string{"runs", "chains", "latency", "over runs", "over chains", "network",
		"processing"} {
		t.Columns = append(t.Columns, html.Column{Name: name, Number: true})
	}
	for i := range x.outcome.Pooled.Groups {
		g := &x.outcome.Pooled.Groups[i]
		t.Rows = append(t.Rows, append(slices.Clone(g.Levels), g.Model, g.Engine, strconv.Itoa(g.Runs),
			strconv.Itoa(g.Chains), Millis(g.Latency.Mean), g.Latency.OverRuns(), g.Latency.OverChains(), Millis(g.Network.Mean),
			Millis(g.Processing.Mean)))
	}
	return t
}

// Millis is a time in s as ms.
func Millis(seconds float64) string { return fmt.Sprintf("%.1f", 1e3*seconds) }

// OverRuns is the interval over runs in ms; empty: there are not two runs.
func (e *Estimate) OverRuns() string {
	if e.RunsLow == nil {
		return ""
	}
	return "[" + Millis(*e.RunsLow) + ", " + Millis(*e.RunsHigh) + "]"
}

// OverChains is the interval over chains in ms.
func (e *Estimate) OverChains() string {
	return "[" + Millis(e.ChainsLow) + ", " + Millis(e.ChainsHigh) + "]"
}

// cells lists the cells, which lead to the reports of their runs.
func (x *experiment) cells(p *pool) html.Table {
	t := html.Table{ID: "cell-list", Caption: "Cells in the stated order", Filter: "Filter",
		Columns: []html.Column{{Name: "cell"}}}
	for _, c := range x.columns(x.Cells) {
		t.Columns = append(t.Columns, html.Column{Name: c.name})
	}
	t.Columns = append(t.Columns, html.Column{Name: "repetition", Number: true}, html.Column{Name: "seed", Number: true},
		html.Column{Name: "chains", Number: true}, html.Column{Name: "failed", Number: true}, html.Column{Name: "verdict"},
		html.Column{Name: "why"}, html.Column{Name: "run"})
	for _, r := range p.rows {
		row := []string{r.cell.ID}
		for _, l := range r.cell.Levels {
			row = append(row, label(l))
		}
		link := ""
		if r.result.Run != "" {
			link = RunsDir + "/" + r.result.Run + "/" + report.PageFile
		}
		t.Rows = append(t.Rows, append(row, strconv.Itoa(r.cell.Repetition), strconv.FormatUint(r.cell.Seed, 10),
			strconv.Itoa(r.cell.Chains), strconv.Itoa(r.result.Failed), r.result.Verdict, strings.Join(r.result.Reasons, "; "),
			r.result.Run))
		t.Links = append(t.Links, link)
	}
	return t
}
