package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// reorder moves the flags of a command in front of its arguments, so that `testbed up FILE --name x`
// works as people write it: the library wants flags first. Behind `--`, and in what `exec` runs, nothing moves.
func reorder(app *cli.App, args []string) []string {
	commands := app.Commands
	var head []string
	var command *cli.Command
	for len(args) > 0 {
		next := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[0]) })
		if next < 0 {
			break
		}
		command = commands[next]
		head = append(head, args[0])
		commands, args = command.Subcommands, args[1:]
	}
	if command == nil || command.Name == "exec" {
		return append(head, args...)
	}
	var flags, rest []string
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			rest = append(rest, args...)
			args = nil
		case len(arg) > 1 && strings.HasPrefix(arg, "-"):
			flags = append(flags, arg)
			if takesValue(command, arg) && len(args) > 0 {
				flags = append(flags, args[0])
				args = args[1:]
			}
		default:
			rest = append(rest, arg)
		}
	}
	return slices.Concat(head, flags, rest)
}

// takesValue says whether the flag's value is the argument after it.
func takesValue(command *cli.Command, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	if strings.Contains(name, "=") {
		return false
	}
	for _, f := range command.Flags {
		if slices.Contains(f.Names(), name) {
			_, boolean := f.(*cli.BoolFlag)
			return !boolean
		}
	}
	return false
}
