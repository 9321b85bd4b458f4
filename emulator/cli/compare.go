package cli

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"testbed/emulator/session"
)

func compareCommand(s *State) *cli.Command {
	return &cli.Command{Name: "compare", Usage: "hold the measurement of runs against their predictions (no root)",
		ArgsUsage: "RUN [RUN...]", Flags: resultFlags(),
		Action: func(c *cli.Context) error {
			p, err := wanted(c)
			if err != nil {
				return err
			}
			if c.NArg() == 0 {
				return usagef("compare takes at least one run's directory, such as results/iiot-20260101T120000Z")
			}
			var failed []error
			for _, dir := range c.Args().Slice() {
				reports, err := session.Compare(dir)
				if err != nil {
					return usage(err)
				}
				if c.NArg() > 1 && p.format == "table" {
					fmt.Fprintf(s.Stdout, "%s\n", dir)
				}
				failed = append(failed, p.print(s, reports), p.judge(reports))
			}
			return errors.Join(failed...)
		}}
}
