package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator/compare"
	"testbed/emulator/orchestrator"
)

// resultFlags are those of the commands that measure or compare.
func resultFlags() []cli.Flag {
	return []cli.Flag{formatFlag(),
		&cli.StringSliceFlag{Name: "fail-if", Usage: "end with exit code 4 if `CONDITION` is true, such as 'transport:error.median > 10%' (may be repeated)"},
		&cli.StringFlag{Name: "quantity", Value: "total", Usage: "what the table shows: total, network or processing"},
		&cli.BoolFlag{Name: "steps", Usage: "show in which steps of a chain the error arises as well"},
	}
}

// replayFlags are those of the commands that replay. verify says whether the links are measured unless the
// command line says otherwise.
func replayFlags(verify bool) []cli.Flag {
	return append(resultFlags(),
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "results", Usage: "`DIRECTORY` that gets the run's directory"},
		&cli.BoolFlag{Name: "verify", Value: verify, Usage: "measure a link of each class before the replay; --verify=false leaves that out"},
		&cli.BoolFlag{Name: "report", Value: true, Usage: "make the run's report.html and figures; --report=false leaves that out"},
		&cli.BoolFlag{Name: "influx-required", Usage: "begin only if the InfluxDB that INFLUX_URL or the scenario names can be written to"},
	)
}

func runCommand(s *State) *cli.Command {
	return &cli.Command{Name: "run", Usage: "all of it: up, replay, predict, compare, down", ArgsUsage: "SCENARIO",
		Flags: append(append(bringUpFlags(), replayFlags(true)...), &cli.BoolFlag{Name: "keep", Usage: "leave the testbed up"}),
		Action: func(c *cli.Context) error {
			shown, err := wanted(c)
			if err != nil {
				return err
			}
			e, req, err := requested(c, s)
			if err != nil {
				return err
			}
			if c.Bool("dry-run") {
				return dryRun(s, shown.format, e, req)
			}
			if err := needRoot(s); err != nil {
				return err
			}
			host, show := newHost(s), newProgress(s)
			req.Progress = show.set
			bed, err := host.Up(c.Context, req)
			if err != nil {
				show.clear()
				return err
			}
			if !c.Bool("keep") {
				defer removeAfterwards(host, req.Testbed, s)
			}
			return execute(c, s, bed, e, show, shown)
		}}
}

// removeAfterwards takes a run's testbed down, even when the run was interrupted.
func removeAfterwards(host *orchestrator.Host, testbed string, s *State) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := host.Down(ctx, testbed, nil); err != nil {
		fmt.Fprintf(s.Stderr, "testbed: %v\nhint: `testbed down --name %s` tries again\n", err, testbed)
	}
}

func replayCommand(s *State) *cli.Command {
	return &cli.Command{Name: "replay", Usage: "replay the workload on a testbed that is up, predict, compare",
		Flags: append(replayFlags(false), nameFlag()),
		Action: func(c *cli.Context) error {
			shown, err := wanted(c)
			if err := errors.Join(err, none(c)); err != nil {
				return err
			}
			if err := needRoot(s); err != nil {
				return err
			}
			bed, e, err := openExperiment(c, s)
			if err != nil {
				return err
			}
			return execute(c, s, bed, e, newProgress(s), shown)
		}}
}

// presentation is how results are to be shown, and what makes them a failure.
type presentation struct {
	format     string
	quantity   string
	steps      bool
	conditions []compare.Condition
}

func wanted(c *cli.Context) (presentation, error) {
	form, err := format(c)
	if err != nil {
		return presentation{}, err
	}
	p := presentation{format: form, quantity: c.String("quantity"), steps: c.Bool("steps")}
	switch p.quantity {
	case "total", "network", "processing":
	default:
		return p, usagef("unknown quantity %q: write total, network or processing", p.quantity)
	}
	for _, text := range c.StringSlice("fail-if") {
		condition, err := compare.ParseCondition(text)
		if err != nil {
			return p, usage(fmt.Errorf("--fail-if: %w", err))
		}
		p.conditions = append(p.conditions, condition)
	}
	return p, nil
}

// print shows reports as they were asked for.
func (p presentation) print(s *State, reports []*compare.Report) error {
	if p.format == "json" {
		return compare.WriteJSON(s.Stdout, reports)
	}
	if err := compare.WriteTable(s.Stdout, reports, p.quantity); err != nil {
		return err
	}
	if p.steps {
		for _, r := range reports {
			if err := compare.WriteRoles(s.Stdout, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// judge fails where one of the conditions is true.
func (p presentation) judge(reports []*compare.Report) error {
	var found []string
	for _, condition := range p.conditions {
		violations, err := condition.Check(reports)
		if err != nil {
			return usage(err)
		}
		for _, v := range violations {
			found = append(found, v.String())
		}
	}
	if len(found) > 0 {
		return failedCheck("--fail-if: %s", strings.Join(found, "; "))
	}
	return nil
}

// kernel names the operating system's kernel, for the manifest.
func kernel() string { return runtime.GOOS + "/" + runtime.GOARCH + " " + orchestrator.KernelRelease() }
