package cli

import (
	"errors"

	"github.com/urfave/cli/v2"

	"testbed/emulator/catalogue"
	"testbed/emulator/compare"
	"testbed/emulator/compare/rundir"
	"testbed/emulator/record"
)

func compareCommand(s *State) *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "hold the measurement of runs against their predictions, and runs against the first of them (no root)",
		ArgsUsage: "RUN [RUN...]", Flags: append(resultFlags(),
			&cli.BoolFlag{Name: "lengths", Usage: "show the models by chain length as well"},
			&cli.Float64Flag{
				Name:  "within",
				Value: 10,
				Usage: "the error, in `PERCENT`, within which the verdict asks whether a prediction holds",
			},
			choose(s, "reference", "the `PREDICTOR` that tells a transfer's parts from its queueing: %s", catalogue.Predictors).
				preset(defaultName(s, catalogue.Predictors)),
		),
		Action: func(c *cli.Context) error {
			p, err := wanted(c, s)
			if err != nil {
				return err
			}
			p.causes = true
			within := c.Float64("within") / 100
			if !(within > 0 && within < 10) {
				return usagef("--within %v: write a percentage above 0 and below 1000", c.Float64("within"))
			}
			reference := c.String("reference")
			if err := s.catalogue().Check(catalogue.Predictors, reference); err != nil {
				return usagef("--reference: %v", err)
			}
			if c.NArg() == 0 {
				return usagef("compare takes at least one run's directory, such as results/iiot-20260101T120000Z")
			}
			options := compare.Options{Within: within, Catalogue: s.catalogue(), Reference: reference}
			all, err := rundir.Compare(c.Args().Slice(), options)
			told := sayUnsound(s, err)
			if all == nil && errors.Is(err, record.ErrUnsound) {
				return told
			}
			if all == nil {
				return usage(err)
			}
			for _, r := range all.Runs {
				if !r.Sealed && r.Unsound == "" {
					noteUnsealed(s, r.Directory)
				}
			}
			return errors.Join(p.printRuns(s, all), p.judgeRuns(all), told)
		}}
}
