package cli

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/resolved"
)

// resultFlags are those of the commands that measure or compare.
func resultFlags() []cli.Flag {
	return []cli.Flag{formatFlag(),
		&cli.StringSliceFlag{
			Name: "fail-if",
			Usage: "end with exit code 4 if `CONDITION` is true, such as 'transport:error.median > 10%' or " +
				"'host.late.p99 > 0.2ms' (may be repeated)",
		},
		&cli.StringFlag{Name: "quantity", Value: "total",
			Usage: "`QUANTITY` that the table shows: total, network or processing"},
		&cli.BoolFlag{Name: "steps", Usage: "show in which steps of a chain the error arises as well"},
	}
}

// replayFlags are those of the commands that replay. verify says whether the links are measured unless the
// command line says otherwise.
func replayFlags(verify bool) []cli.Flag {
	return append(append(resultFlags(), influxFlags()...),
		&cli.StringFlag{
			Name:    "output",
			Aliases: []string{"o"},
			Value:   "results",
			Usage:   "`DIRECTORY` that gets the run's directory",
		},
		&cli.BoolFlag{
			Name:  "verify",
			Value: verify,
			Usage: "measure a link of each class before the replay; --verify=false leaves that out",
		},
		&cli.BoolFlag{
			Name:  "report",
			Value: true,
			Usage: "make the run's report.html and figures; --report=false leaves that out",
		},
		&cli.BoolFlag{
			Name:  "allow-disturbed",
			Usage: "end with 0 even if the run's verdict on itself is red: the host, or somebody, disturbed it too much",
		},
		quietFlag(),
		&cli.BoolFlag{
			Name:  "influx-required",
			Usage: "begin only if there is an InfluxDB that can be written to",
		},
	)
}

func runCommand(s *State) *cli.Command {
	return &cli.Command{Name: "run", Usage: "all of it: up, replay, predict, compare, down; with --set an experiment",
		ArgsUsage: "SCENARIO", Description: experimentDescription,
		Flags: append(append(append(bringUpFlags(s), replayFlags(true)...),
			&cli.BoolFlag{Name: "keep", Usage: "leave the testbed up"}), experimentFlags(s)...),
		Action: func(c *cli.Context) (err error) {
			if isExperiment(c) {
				return runExperiment(c, s)
			}
			shown, err := wanted(c, s)
			if err != nil {
				return err
			}
			e, options, err := requested(c, s)
			if err != nil {
				return err
			}
			mirror, err := mirrorOf(c, s, e.Source)
			if err != nil {
				return err
			}
			if c.Bool("dry-run") {
				return dryRun(c, s, shown.format, e, options)
			}
			host, bed, show, err := bringUp(c, s, e, options)
			if err != nil {
				return err
			}
			if !c.Bool("keep") {
				defer func() { err = errors.Join(err, removeAfterwards(host, options.Name)) }()
			}
			return execute(c, s, bed, e, mirror, show, shown)
		}}
}

// bringUp brings a scenario up, with progress, after a warning of what the host may not carry.
func bringUp(c *cli.Context, s *State, e *resolved.Scenario, options emulator.UpOptions) (
	*emulator.Host, *emulator.Bed, *progress, error,
) {
	if err := needRoot(s); err != nil {
		return nil, nil, nil, err
	}
	if options.Machines == nil { // else what this host carries is not what matters
		warn(c.Context, s, e, cmp.Or(options.Fabric, e.Source.Fabric))
	}
	host, show := s.host(), newProgress(c, s)
	options.Progress = show.at
	bed, err := host.Up(c.Context, e, options)
	if err != nil {
		show.clear()
	}
	return host, bed, show, err
}

// removal bounds how long it may take to remove a run's testbed: of several machines one may have to be waited for
// until it is known to be lost.
const removal = 3 * time.Minute

// removeAfterwards takes a run's testbed down, even when the run was interrupted. What is left of it is no success of
// the command, and its error says how that is removed.
func removeAfterwards(host *emulator.Host, testbed string) error {
	ctx, cancel := context.WithTimeout(context.Background(), removal)
	defer cancel()
	return host.Down(ctx, testbed, nil)
}

func replayCommand(s *State) *cli.Command {
	return &cli.Command{Name: "replay", Usage: "replay the workload on a testbed that is up, predict, compare",
		Flags: append(replayFlags(false), nameFlag()),
		Action: func(c *cli.Context) error {
			shown, err := wanted(c, s)
			if err := errors.Join(err, none(c)); err != nil {
				return err
			}
			bed, e, err := openScenario(c, s)
			if err != nil {
				return err
			}
			mirror, err := mirrorOf(c, s, e.Source)
			if err != nil {
				return err
			}
			warn(c.Context, s, e, bed.Journal.Fabric)
			return execute(c, s, bed, e, mirror, newProgress(c, s), shown)
		}}
}
