package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// choiceFlag is a flag whose value is one of some words, which completion offers.
type choiceFlag struct {
	*cli.StringFlag
	words []string
}

// choose is a flag for an entry of a kind of the catalogue, or one of the other words. Its help is the usage with
// %s replaced by all of them.
func choose(s *State, name, usage, kind string, others ...string) *choiceFlag {
	words := append(slices.Clone(others), s.catalogue().Names(kind)...)
	return &choiceFlag{&cli.StringFlag{Name: name, Usage: strings.ReplaceAll(usage, "%s", either(words))}, words}
}

// preset gives the flag a default.
func (f *choiceFlag) preset(value string) *choiceFlag {
	f.Value = value
	return f
}

// either lists words: a, b or c.
func either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// defaultName is the first entry of a kind; empty: there is none.
func defaultName(s *State, kind string) string {
	if names := s.catalogue().Names(kind); len(names) > 0 {
		return names[0]
	}
	return ""
}

// completeValue prints the words of a flag whose value is to be completed: the arguments then end in the flag and the
// library's own one. It is for what the library does not complete, values of flags; false: it is not about one.
func completeValue(w io.Writer, app *cli.App, args []string) (bool, error) {
	last := len(args) - 1
	if last < 1 || args[last] != "--generate-bash-completion" || !strings.HasPrefix(args[last-1], "-") {
		return false, nil
	}
	name := strings.TrimLeft(args[last-1], "-")
	for _, f := range commandOf(app, args).Flags {
		if choice, ok := f.(*choiceFlag); ok && slices.Contains(choice.Names(), name) {
			_, err := fmt.Fprintln(w, strings.Join(choice.words, "\n"))
			return true, err
		}
	}
	return false, nil
}

// commandOf is the command, or subcommand, that arguments begin with; an empty one: none.
func commandOf(app *cli.App, args []string) *cli.Command {
	command := &cli.Command{Subcommands: app.Commands}
	for _, arg := range args {
		next := slices.IndexFunc(command.Subcommands, func(c *cli.Command) bool { return c.HasName(arg) })
		if next < 0 {
			break
		}
		command = command.Subcommands[next]
	}
	return command
}

// fishChoices completes the values of flags in fish, whose script the library makes without them.
func fishChoices(app *cli.App) string {
	var script strings.Builder
	for _, command := range app.Commands {
		for _, c := range append([]*cli.Command{command}, command.Subcommands...) {
			for _, f := range c.Flags {
				if choice, ok := f.(*choiceFlag); ok {
					fmt.Fprintf(&script, "complete -c %s -n '__fish_seen_subcommand_from %s' -l %s -x -a '%s'\n",
						app.Name, c.Name, choice.Name, strings.Join(choice.words, " "))
				}
			}
		}
	}
	return script.String()
}
