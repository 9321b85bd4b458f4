package cli

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	paper "testbed/emulator/campaign/study"
	"testbed/emulator/catalogue"
	"testbed/emulator/experiment"
	"testbed/emulator/experiment/study"
	"testbed/emulator/internal/printable"
	"testbed/emulator/internal/shell"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
)

const studyDescription = `Loads × policies × models × seeds of the study, each emulated and predicted: all
jobs of a load are placed, a sample of them is carried out side by side where they cannot meet, and means
are weighted back. Figures 4, 5 and 6 get a series of each engine, every statement of the study is judged by
each, and of what the differences arise is said. It is an experiment, in a directory of its own, with
everything that "testbed run --set" leaves; given that directory with --into, it goes on. --quick has the
smallest and the largest load, and fewer chains.`

func studyCommand(s *State) *cli.Command {
	known := append([]string{experiment.Emulation}, s.catalogue().Names(catalogue.Predictors)...)
	flags := append(bringUpFlags(s), formatFlag(), quietFlag(),
		&cli.BoolFlag{Name: "quick", Usage: "the smallest and the largest load, with fewer chains"},
		&cli.IntSliceFlag{Name: "loads", Usage: "`LOADS`, numbers of jobs in ascending order (default: 100 to 500)"},
		&cli.StringSliceFlag{Name: "policies", Usage: "`POLICIES` of placement (default: both)"},
		&cli.IntFlag{Name: "chains",
			Usage: "carry `N` chains of each load, seed and model out, under the policy load a sixth of it; 0: all " +
				"(default: 12, with --quick 6)"},
		&cli.IntFlag{Name: "seeds",
			Usage: "`N` draws of jobs for each load; statements need two, and are undecided with few (default: 3)"},
		&cli.StringFlag{Name: "engine", Usage: "`ENGINES`, separated by commas: " + strings.Join(known, ", ") +
			" (default: all; predictors alone need no root)"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "results",
			Usage: "`DIRECTORY` that gets the study's directory"},
		&cli.StringFlag{Name: "into", Usage: "`DIRECTORY` of the study: what it has of the same cells is not executed again"},
		&cli.BoolFlag{Name: "verify", Usage: "measure a link of each class before the first cell"},
		&cli.BoolFlag{Name: "report", Usage: "make a report of each cell's run as well"},
		&cli.BoolFlag{Name: "allow-disturbed",
			Usage: "end with 0 even if a run's verdict on itself is red: the host, or somebody, disturbed it too much"})
	return &cli.Command{Name: "study",
		Usage:     "the study's evaluation, emulated and predicted: figures, statements, causes",
		ArgsUsage: "[SCENARIO]", Description: studyDescription, Flags: append(flags, influxFlags()...),
		Action: func(c *cli.Context) error { return runStudy(c, s) }}
}

// studySpec is the experiment that the command line asks for, with what it is made of.
func studySpec(c *cli.Context, s *State) (spec experiment.Spec, o study.Options, err error) {
	if o = study.Full(s.catalogue()); c.Bool("quick") {
		o = study.Quick(s.catalogue())
	}
	if c.IsSet("loads") {
		o.Loads = c.IntSlice("loads")
	}
	if c.IsSet("policies") {
		o.Policies = c.StringSlice("policies")
	}
	if c.IsSet("chains") {
		o.Chains = c.Int("chains")
	}
	if c.IsSet("seeds") {
		o.Seeds = c.Int("seeds")
	}
	if c.IsSet("engine") {
		o.Engines = enginesOf(c)
	}
	file, text := study.File, study.Text
	switch c.NArg() {
	case 0:
	case 1:
		if file, err = filepath.Abs(c.Args().First()); err == nil {
			text, err = scenario.Read(file)
		}
	default:
		err = usagef("study takes one scenario, or none for the study's own")
	}
	if err == nil {
		spec, err = o.Spec(file, text)
	}
	return spec, o, usage(err)
}

func runStudy(c *cli.Context, s *State) error {
	form, err := format(c)
	if err != nil {
		return err
	}
	spec, o, err := studySpec(c, s)
	if err != nil {
		return err
	}
	show := newProgress(c, s)
	cells, err := resolveExperiment(c, s, &spec, show)
	if err != nil {
		return err
	}
	dir := c.String("into")
	if c.Bool("dry-run") {
		return dryExperiment(s, form, dir, &spec, cells)
	}
	dir = cmp.Or(dir, filepath.Join(c.String("output"), record.RunName(spec.Name, time.Now())))
	first, err := spec.Scenario(cells[0], s.catalogue())
	if err != nil {
		return err
	}
	resolved, err := resolved.Prepare(first)
	if err != nil {
		return err
	}
	conclusion := study.NewConclusion(dir, o.Campaign(resolved), &spec, s.catalogue())
	config := experiment.Config{Spec: spec, Cells: cells, Dir: dir, Catalogue: s.catalogue(), Version: s.Version,
		Steps: true, Workers: workers(), Progress: experimentProgress(show, spec.Emulates()),
		Each: conclusion.Each, Present: conclusion.Present}
	outcome, err := executeExperiment(c, s, config, "testbed study --into "+shell.Quote(dir), show)
	if err != nil {
		return err
	}
	return concludeStudy(c, s, form, conclusion, outcome, len(cells))
}

// concludeStudy prints what the engines say to each statement, and ends as an experiment does.
func concludeStudy(
	c *cli.Context, s *State, form string, conclusion *study.Conclusion, o *experiment.Outcome, cells int,
) error {
	if form == "json" {
		o.Pooled = nil
		if err := printJSON(s, conclusion); err != nil {
			return err
		}
	} else {
		printJudgements(s, conclusion.Statements)
		o.Pooled = nil // figures and tables have it
	}
	return concludeExperiment(c, s, form, o, cells)
}

func printJudgements(s *State, all []paper.Judgement) {
	if len(all) == 0 {
		return
	}
	head := []any{"the study states"}
	for _, by := range all[0].By {
		head = append(head, by.Engine)
	}
	t := newTable(s, head...)
	for _, j := range all {
		row := []any{j.Claim}
		for _, by := range j.By {
			row = append(row, by.Verdict())
		}
		t.AppendRow(slices.Clone(row))
	}
	t.Render()
	if differ := paper.Disagreements(all); len(differ) > 0 {
		_ = printf(s.Stdout, "The engines do not agree on %d of %s; %s says why\n", len(differ),
			printable.Count(len(all), "statement"),
			study.StatementsFile)
	}
}
