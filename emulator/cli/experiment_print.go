package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"

	"testbed/emulator/experiment"
	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/shell"
)

const experimentDescription = `With --set or --repeat, or given an experiment's file, it is an experiment: every
combination of the levels is executed, and a repetition of it with jobs, clients and arrivals of its own, on one
testbed of which only what differs is changed. All of it goes into one directory: chains, steps and cells as CSV and
Parquet, a row each, a summary with intervals, figures, a report, and each run's own directory. Given that directory
again, what is not finished is executed; more levels or repetitions cost only themselves. --dry-run lists the cells,
with the time that they take by an estimate.`

// experimentProgress shows how far an experiment is. Where there is no terminal, cells that are measured are told of.
func experimentProgress(show *progress, measured bool) func(experiment.Progress) {
	return func(at experiment.Progress) {
		line := bar("experiment", at.Done, at.Total) + " cells"
		if at.Found > 0 {
			line += fmt.Sprintf(", %d of them before", at.Found)
		}
		if at.Done < at.Total {
			line += fmt.Sprintf(", some %s left", rough(at.Remaining))
		}
		switch cell := at.Cell; {
		case cell == nil:
			show.above(line)
			show.often(func() []string { return nil })
		case at.Phase == "":
			show.above(line, fmt.Sprintf("cell %d (%s)", cell.Number, cell))
			show.often(func() []string { return nil })
			if measured && !show.show {
				show.at(fmt.Sprintf("cell %d (%s), %d of %d finished", cell.Number, cell, at.Done, at.Total))
			}
		default:
			show.often(func() []string { return []string{at.Phase} })
		}
	}
}

// above puts lines above all that is shown from here on.
func (p *progress) above(lines ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.head = lines
}

// rough is a time as one tells it.
func rough(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < 100*time.Millisecond:
		return "0.1s"
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < 10*time.Minute:
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

// plannedCell is a cell that --dry-run lists.
type plannedCell struct {
	Cell       int      `json:"cell"`
	ID         string   `json:"id"`
	Levels     []string `json:"levels"`
	Repetition int      `json:"repetition"`
	Seed       uint64   `json:"seed"`
	Chains     int      `json:"chains"`
	Estimate   float64  `json:"estimate_s"` // chains alone, by prediction
	Finished   bool     `json:"finished"`
}

// planned is what --dry-run says of an experiment.
type planned struct {
	Experiment string        `json:"experiment"`
	Factors    []string      `json:"factors"` // keys
	Cells      []plannedCell `json:"cells"`
	Finished   int           `json:"finished"`
	Estimate   float64       `json:"estimate_s"` // of all that is not finished
}

// dryExperiment lists the cells with the time that they take by an estimate.
func dryExperiment(
	s *State, form, dir string, spec *experiment.Spec, cells []*experiment.Cell,
) error {
	forecast, err := experiment.Look(dir, spec, cells, workers())
	if err != nil {
		return err
	}
	plan := planned{Experiment: spec.Name, Factors: []string{}, Finished: len(forecast.Found), Estimate: forecast.Seconds}
	for i := range spec.Factors {
		plan.Factors = append(plan.Factors, spec.Factors[i].Key)
	}
	for _, c := range cells {
		plan.Cells = append(plan.Cells, plannedCell{Cell: c.Number, ID: c.ID, Levels: c.Levels, Repetition: c.Repetition,
			Seed: c.Seed, Chains: c.Chains, Estimate: c.Estimate, Finished: forecast.Found[c.ID]})
	}
	if form == "json" {
		return printJSON(s, plan)
	}
	head := []any{"cell", "id"}
	for _, key := range plan.Factors {
		head = append(head, key)
	}
	t := newTable(s, append(head, "repetition", "chains", "chains take", "finished")...)
	for _, c := range plan.Cells {
		row := table.Row{c.Cell, c.ID}
		for _, l := range c.Levels {
			row = append(row, l)
		}
		done := ""
		if c.Finished {
			done = "yes"
		}
		t.AppendRow(append(row, c.Repetition, c.Chains, rough(c.Estimate), done))
	}
	t.SuppressEmptyColumns()
	t.Render()
	basis := "what is usual beside the chains"
	if forecast.Measured {
		basis = "what its cells took before"
	}
	return printf(s.Stdout,
		"%s, %d of them finished; the rest takes some %s, by prediction and %s; nothing was done\n",
		printable.Count(len(cells), "cell"), plan.Finished, rough(plan.Estimate), basis)
}

// concludeExperiment says what came of an experiment, and fails where something of that is not as wanted.
func concludeExperiment(
	c *cli.Context, s *State, form string, o *experiment.Outcome, cells int,
) error {
	var err error
	if pooled := o.Pooled; pooled != nil && form == "json" {
		err = printJSON(s, pooled)
	} else if pooled != nil {
		printPooled(s, pooled)
	}
	for _, text := range o.Failed {
		_ = printf(s.Stderr, "failed: %s\n", text)
	}
	if form == "table" {
		say(s, fmt.Sprintf("Cells: %d of %d finished, %d of them before, in %s", o.Done, cells, o.Found,
			rough(o.Interval.Seconds())), "Results: "+o.Dir)
		if o.Page != "" {
			say(s, "Report: "+o.Page)
		}
	}
	if len(o.Failed) > 0 {
		return errors.Join(err, &coded{error: fmt.Errorf("%s could not be executed", printable.Count(len(o.Failed), "cell")),
			code: ExitFailure,
			hint: fmt.Sprintf("`testbed run %s` tries them again", shell.Quote(o.Dir))})
	}
	checks := []error{err}
	if o.Chains > 0 {
		checks = append(checks, failedCheck("%s failed or lost state; %s has the details", printable.Count(o.Chains, "chain"),
			o.Dir))
	}
	if o.Red > 0 && !c.Bool("allow-disturbed") {
		checks = append(checks, failedCheck("%s red by their own verdicts: %s says why "+
			"(--allow-disturbed takes them all the same)", printable.Counted(o.Red, "run", "is", "are"), o.Page))
	}
	return errors.Join(checks...)
}

// printPooled prints the summary over repetitions.
func printPooled(s *State, p *experiment.Pooled) {
	head := []any{}
	for _, f := range p.Factors {
		head = append(head, f)
	}
	t := newTable(s, append(head, "model", "engine", "runs", "chains", "mean ms", "over runs", "over chains",
		"network")...)
	var columns []table.ColumnConfig
	for i := len(p.Factors) + 3; i <= len(p.Factors)+8; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for i := range p.Groups {
		g := &p.Groups[i]
		row := table.Row{}
		for _, l := range g.Levels {
			row = append(row, l)
		}
		t.AppendRow(append(row, g.Model, g.Engine, g.Runs, g.Chains, experiment.Millis(g.Latency.Mean),
			g.Latency.OverRuns(), g.Latency.OverChains(), experiment.Millis(g.Network.Mean)))
	}
	t.SuppressEmptyColumns()
	t.Render()
	say(s, "Means of total latency with intervals of 95 %: over runs, a repetition being one observation, and over chains")
	printErrors(s, p)
	printMoves(s, p)
}

// printMoves prints what moves of stateful instances took, and were predicted to take.
func printMoves(s *State, p *experiment.Pooled) {
	if len(p.Moves) == 0 {
		return
	}
	var head []any
	for _, name := range slices.Concat(p.Factors, experiment.MoveColumns) {
		head = append(head, name)
	}
	t := newTable(s, head...)
	var columns []table.ColumnConfig
	for i := 2; i < len(experiment.MoveColumns); i++ {
		columns = append(columns, table.ColumnConfig{Number: len(p.Factors) + 1 + i, Align: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for i := range p.Moves {
		var row table.Row
		for _, field := range slices.Concat(p.Moves[i].Levels, p.Moves[i].Fields()) {
			row = append(row, field)
		}
		t.AppendRow(row)
	}
	t.SuppressEmptyColumns()
	t.Render()
	say(s, experiment.MovesAre)
}

// printErrors prints how far predictions are off in each combination of levels, where they were measured.
func printErrors(s *State, p *experiment.Pooled) {
	models, rows := p.ErrorsBy()
	if len(rows) == 0 {
		return
	}
	var head []any
	for _, name := range slices.Concat(p.Factors, []string{"predictor", "verdicts"}, models) {
		head = append(head, name)
	}
	t := newTable(s, head...)
	var columns []table.ColumnConfig
	for i := range models {
		columns = append(columns, table.ColumnConfig{Number: len(p.Factors) + 3 + i, Align: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for _, r := range rows {
		var row table.Row
		for _, field := range slices.Concat(r.Levels, []string{r.Engine, r.Verdicts}, r.Errors) {
			row = append(row, field)
		}
		t.AppendRow(row)
	}
	t.Render()
	say(s, experiment.ErrorsAre)
}
