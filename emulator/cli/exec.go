package cli

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"testbed/emulator/noderuntime"
	"testbed/emulator/orchestrator"
)

func execCommand(s *State) *cli.Command {
	return &cli.Command{Name: "exec", Usage: "run a command in a node: testbed exec rpi3_0 -- ping -c 3 server_3",
		ArgsUsage: "NODE -- COMMAND [ARG...]", Description: execDescription, Flags: []cli.Flag{nameFlag(), toolsFlag()},
		Action: func(c *cli.Context) error {
			args := c.Args().Slice()
			if len(args) > 1 && args[1] == "--" {
				args = append(args[:1:1], args[2:]...)
			}
			if len(args) < 2 {
				return usagef("exec takes a node and a command: testbed exec NODE -- COMMAND [ARG...]")
			}
			tools, err := toolsOf(c)
			if err != nil {
				return err
			}
			bed, err := opened(c, s)
			if err != nil {
				return err
			}
			node, err := bed.Node(args[0])
			if err != nil {
				return err
			}
			if err := bed.Note(c.Context, s.origin(), orchestrator.Program, "a program in node "+args[0]); err != nil {
				return err
			}
			return executeIn(c.Context, s, bed.Runtime, node, args[1:], tools)
		}}
}

const execDescription = `The command is left to itself, as with "ip netns exec": signals are passed on
to it, its status becomes testbed's, and the terminal is afterwards as before.
A program of this host starts in the current directory.`

func toolsFlag() cli.Flag {
	return &cli.StringFlag{Name: "tools", Value: "auto", Usage: "`WHOSE` programs: the node's (node), this host's, as " +
		"root, in the node's network (host), or this host's where the node has testbed's own image, which holds none (auto)"}
}

func toolsOf(c *cli.Context) (noderuntime.Tools, error) {
	switch tools := c.String("tools"); tools {
	case "auto":
		return noderuntime.AutoTools, nil
	case "host", "node":
		return noderuntime.Tools(tools), nil
	default:
		return "", usagef("unknown tools %q: write auto, host or node", tools)
	}
}

// executeIn runs a command in a node and makes its status this program's. While it runs, interrupts are its affair.
func executeIn(
	ctx context.Context, s *State, runtime noderuntime.Runtime, node noderuntime.Node, args []string,
	tools noderuntime.Tools,
) error {
	stdio := noderuntime.Stdio{In: s.Stdin, Out: s.commandOut(), Err: s.exactErr(), Tools: tools}
	if s.Signals != nil {
		signals, stop := s.Signals()
		defer stop()
		if ctx.Err() != nil { // the signal that came before
			return context.Cause(ctx)
		}
		stdio.Signals, ctx = signals, context.WithoutCancel(ctx)
	}
	code, err := runtime.Exec(ctx, node, args, stdio)
	if code > 0 {
		// The command has said itself what was wrong; its status becomes ours.
		if err == nil {
			err = errors.New("")
		}
		return &coded{error: err, code: code, own: stdio.Signals != nil}
	}
	return err
}
