package cli

import (
	"errors"

	"github.com/urfave/cli/v2"

	"testbed/emulator/internal/printable"
	"testbed/emulator/report"
)

// reported is what `report` has made.
type reported struct {
	Page    string   `json:"page"`
	Size    int64    `json:"page_bytes"`
	Figures []string `json:"figures"`
	Missing []string `json:"missing"`
}

func reportCommand(s *State) *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "make a run's report: one self-contained page, and figures for print (no root)",
		ArgsUsage: "RUN", Flags: []cli.Flag{formatFlag(),
			&cli.StringFlag{
				Name:    "output",
				Aliases: []string{"o"},
				Usage:   "`FILE` that gets the page (default: RUN/" + report.PageFile + ")",
			}},
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err != nil {
				return err
			}
			dir, err := argument(c, "a run's directory, such as results/iiot-20260101T120000Z")
			if err != nil {
				return err
			}
			if err := isRun(dir); err != nil {
				return err
			}
			unsound := checkRun(s, dir)
			made, err := report.Write(dir, c.String("output"), s.catalogue())
			if err = errors.Join(unsound, err); made == nil {
				return err
			}
			if form == "json" {
				return errors.Join(err, printJSON(s, reported{made.Page, made.Size, made.Figures, made.Missing}))
			}
			for _, text := range made.Missing {
				_ = printf(s.Stderr, "note: %s\n", text)
			}
			return errors.Join(err, printf(s.Stdout, "Report: %s (%.1f MB), %s in %s/%s\n",
				made.Page, float64(made.Size)/1e6, printable.Count(len(made.Figures), "figure"), dir, report.FiguresDir))
		}}
}
