package cli

import (
	"github.com/urfave/cli/v2"
)

func logsCommand(s *State) *cli.Command {
	return &cli.Command{Name: "logs", Usage: "show what a node has printed", ArgsUsage: "NODE",
		Flags: []cli.Flag{nameFlag(),
			&cli.BoolFlag{Name: "follow", Aliases: []string{"F"}, Usage: "go on with what it prints until it ends"}},
		Action: func(c *cli.Context) error {
			name, err := argument(c, "a node")
			if err != nil {
				return err
			}
			bed, err := opened(c, s)
			if err != nil {
				return err
			}
			node, err := bed.AnyNode(name)
			if err != nil {
				return err
			}
			return bed.Logs(c.Context, node, c.Bool("follow"), s.exactOut())
		}}
}
