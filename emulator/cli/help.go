package cli

import (
	"flag"
	"strings"

	"github.com/urfave/cli/v2"
)

// The library keeps one help flag and one help command for the whole process, and writes to both when a command line
// is parsed. Two command lines at once, as a program has them that uses this package twice, need them apart.

//nolint:gochecknoinits // the library reads it wherever it looks for help
func init() {
	cli.HelpFlag = &helpFlag{BoolFlag: cli.BoolFlag{
		Name: "help", Aliases: []string{"h"}, Usage: "show help", DisableDefaultText: true,
	}}
}

// helpFlag is never written to: what is parsed is parsed into a copy.
type helpFlag struct{ cli.BoolFlag }

// Apply implements cli.Flag.
func (f *helpFlag) Apply(set *flag.FlagSet) error {
	mine := f.BoolFlag
	return mine.Apply(set)
}

// addHelp gives the application, and each command that args name, a help command: where the library would add its own.
func addHelp(app *cli.App, args []string) {
	app.Flags = append(app.Flags, cli.HelpFlag) // which the library adds only with its own command
	app.Commands = append(app.Commands, helpCommand())
	commands := app.Commands
	for _, arg := range args {
		for _, c := range commands {
			if !c.HasName(arg) {
				continue
			}
			if c.Name != "help" {
				c.Subcommands = append(c.Subcommands, helpCommand())
			}
			commands = c.Subcommands
			break
		}
	}
}

func helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", Aliases: []string{"h"}, ArgsUsage: "[command]", HideHelpCommand: true,
		Usage: "Shows a list of commands or help for one command", Action: cli.NewApp().Action,
	}
}

// tidyDefaults makes help say of each flag one default, in words where the usage has some, and none of switches: these
// are off.
func tidyDefaults(flags []cli.Flag) {
	for _, f := range flags {
		switch f := f.(type) {
		case *cli.BoolFlag:
			f.DisableDefaultText = !f.Value
		case *cli.IntFlag:
			worded(&f.Usage, &f.DefaultText)
		case *cli.Uint64Flag:
			worded(&f.Usage, &f.DefaultText)
		case *cli.Float64Flag:
			worded(&f.Usage, &f.DefaultText)
		case *cli.DurationFlag:
			worded(&f.Usage, &f.DefaultText)
		}
	}
}

// worded takes the default at the end of a usage for that which is shown in place of a number.
func worded(usage, text *string) {
	before, words, ok := strings.Cut(*usage, " (default: ")
	if words, ends := strings.CutSuffix(words, ")"); ok && ends {
		*usage, *text = before, words
	}
}
