package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"

	"testbed/emulator/campaign"
	"testbed/emulator/campaign/study"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/shell"
	"testbed/emulator/record"
	"testbed/emulator/report/figures"
)

// statementsFile is what the study states in words, checked.
const statementsFile = "statements.md"

func plotCommand(s *State) *cli.Command {
	return &cli.Command{
		Name:      "plot",
		Usage:     "redraw the study's figures from the results of campaigns (no root)",
		ArgsUsage: "RUN [RUN...]",
		Flags: []cli.Flag{formatFlag(),
			&cli.StringFlag{
				Name:    "output",
				Aliases: []string{"o"},
				Usage:   "`DIRECTORY` that gets the figures of one RUN (default: RUN)",
			}},
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err != nil {
				return err
			}
			if c.NArg() == 0 || c.NArg() > 1 && c.IsSet("output") {
				return usagef("plot takes directories that simulate --engine statesim has written, such as " +
					"results/paper; with --output exactly one")
			}
			var unsound []error
			for _, run := range c.Args().Slice() {
				if err := campaign.Verify(run); errors.Is(err, record.ErrUnsound) {
					unsound = append(unsound, sayUnsound(s, err))
				}
				results, err := campaign.Load(run)
				if err != nil && isRun(run) == nil {
					return usagef("%s is a run of an emulation and holds no campaign: `testbed report %s` draws its figures",
						run, shell.Quote(run))
				}
				if err != nil {
					return errors.Join(append(unsound, usage(err))...)
				}
				dir := run
				if c.IsSet("output") {
					dir = c.String("output")
				}
				if err := presentStudy(s, form, dir, results); err != nil {
					return errors.Join(append(unsound, err)...)
				}
			}
			return errors.Join(unsound...)
		}}
}

// studied is what `plot` has made of a campaign.
type studied struct {
	Statements []study.Statement `json:"statements"`
	Files      []string          `json:"files"`
}

// presentStudy draws the figures into a directory, and checks the statements.
func presentStudy(s *State, form, dir string, r *campaign.Results) error {
	var files []string
	var failed error // a figure that cannot be made keeps no other, nor the statements, from being made
	for _, f := range study.Figures(r, s.catalogue()) {
		written, err := f.Write(dir)
		files, failed = append(files, written...), errors.Join(failed, err)
	}
	statements := study.Statements(r)
	name := filepath.Join(dir, statementsFile)
	var markdown strings.Builder
	if err := study.WriteTable(&markdown, statements); err != nil {
		return errors.Join(failed, err)
	}
	if err := outdir.WriteFile(name, []byte(markdown.String())); err != nil {
		return errors.Join(failed, err)
	}
	files = append(files, name)
	if form == "json" {
		return errors.Join(failed, printJSON(s, studied{statements, files}))
	}
	printStatements(s, statements)
	names := strings.Join([]string{figures.TrafficName, figures.LatencyName, figures.LengthName}, ",")
	endings := strings.Join(figures.Formats, ",")
	all := filepath.Join(dir, "{"+names+"}{,"+figures.AsPublished+"}.{"+endings+"}, ") + statementsFile
	err := printf(s.Stdout, "Figures and table: %s\n", all)
	return errors.Join(failed, err)
}

// printStatements prints each statement with its numbers below it.
func printStatements(s *State, statements []study.Statement) {
	for _, st := range statements {
		_ = printf(s.Stdout, "%-13s  %s\n", st.Verdict(), st.Claim)
		for _, line := range []string{"measured:  " + st.Reason(), "criterion: " + st.Criterion} {
			for i, part := range strings.Split(text.WrapSoft(line, 96), "\n") {
				indent := 15
				if i > 0 {
					indent += len("criterion: ")
				}
				_ = printf(s.Stdout, "%*s%s\n", indent, "", strings.TrimRight(part, " "))
			}
		}
	}
}

// campaignRow is a line of the printed table.
type campaignRow struct {
	Jobs         int      `json:"jobs"`
	Policy       string   `json:"policy"`
	Model        string   `json:"model"`
	Replications int      `json:"replications"`
	Total        interval `json:"total_s"`
	Network      interval `json:"network_s"`
	Processing   interval `json:"processing_s"`
	Traffic      interval `json:"traffic_mb_hops"`
}

// interval is a mean with the half of its 95 % confidence interval; none from one replication.
type interval struct {
	Mean *float64 `json:"mean"`
	Half *float64 `json:"ci95_half,omitempty"`
}

func newInterval(samples []float64) interval {
	var v interval
	p := figures.Mean(0, samples)
	if len(samples) > 0 {
		v.Mean = &p.Y
	}
	if len(samples) > 1 {
		half := p.High - p.Y
		v.Half = &half
	}
	return v
}

// show prints the interval in another unit.
func (v interval) show(scale float64) string {
	switch {
	case v.Mean == nil:
		return "-"
	case v.Half == nil:
		return fmt.Sprintf("%.1f", *v.Mean*scale)
	}
	return fmt.Sprintf("%.1f ± %.1f", *v.Mean*scale, *v.Half*scale)
}

// printCampaign prints the means of all replications.
func printCampaign(s *State, form, dir string, r *campaign.Results) error {
	var rows []campaignRow
	for _, jobs := range r.Spec.Jobs {
		for _, policy := range r.Spec.Policies {
			for _, model := range r.Spec.Models {
				of := func(value func(*campaign.Mean) float64) interval {
					return newInterval(r.Samples(jobs, policy, model, value))
				}
				rows = append(rows, campaignRow{
					jobs, string(policy), string(model), r.Spec.Replications,
					of(func(m *campaign.Mean) float64 { return m.Total }),
					of(func(m *campaign.Mean) float64 { return m.Network }),
					of(func(m *campaign.Mean) float64 { return m.Processing }),
					of(func(m *campaign.Mean) float64 { return m.Traffic / 1e6 }),
				})
			}
		}
	}
	if form == "json" {
		return printJSON(s, rows)
	}
	t := newTable(s, "jobs", "policy", "model", "replications",
		"total mean ms", "network mean ms", "processing mean ms", "traffic mean MB·hops")
	var columns []table.ColumnConfig
	for _, i := range []int{1, 4, 5, 6, 7, 8} {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for _, row := range rows {
		t.AppendRow(table.Row{
			row.Jobs, row.Policy, row.Model, row.Replications,
			row.Total.show(1e3), row.Network.show(1e3), row.Processing.show(1e3), row.Traffic.show(1),
		})
	}
	t.Render()
	if dir != "" {
		_ = printf(s.Stdout, "Results: %s\n", dir)
	}
	return nil
}
