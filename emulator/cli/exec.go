package cli

import (
	"errors"

	"github.com/urfave/cli/v2"

	"testbed/emulator/noderuntime"
)

func execCommand(s *State) *cli.Command {
	return &cli.Command{Name: "exec", Usage: "run a command in a node: testbed exec rpi3_0 -- ping -c 3 server_3",
		ArgsUsage: "NODE -- COMMAND [ARG...]", Flags: []cli.Flag{nameFlag()},
		Action: func(c *cli.Context) error {
			args := c.Args().Slice()
			if len(args) > 1 && args[1] == "--" {
				args = append(args[:1:1], args[2:]...)
			}
			if len(args) < 2 {
				return usagef("exec takes a node and a command: testbed exec NODE -- COMMAND [ARG...]")
			}
			if err := needRoot(s); err != nil {
				return err
			}
			bed, err := newHost(s).Open(c.Context, c.String("name"))
			if err != nil {
				return err
			}
			node, err := bed.Node(args[0])
			if err != nil {
				return explain(err, args[0], bed.Network)
			}
			code, err := bed.Runtime.Exec(c.Context, node, args[1:], noderuntime.Stdio{In: s.Stdin, Out: s.exactOut(), Err: s.exactErr()})
			if code != 0 {
				// The command has said itself what was wrong; its status becomes ours.
				if err == nil {
					err = errors.New("")
				}
				return &coded{error: err, code: code}
			}
			return err
		}}
}
