package cli

import (
	"errors"
	"io"

	"github.com/urfave/cli/v2"
)

const description = `Turns a synthesized edge topology into a running, shaped network with a stateful
FaaS on it, replays chains of function invocations, and compares the measured
latency with what a simulator predicts.

Exit codes: 0 ok, 1 failure, 2 the scenario or command line is wrong, 3 the host
lacks a privilege or capability, 4 a check failed, 5 one of several machines was
lost or does not answer, 130 interrupted, 141 nobody
reads the output any more.`

// Main runs one command line and returns its exit code.
func Main(s *State) int {
	s, flush := s.escaped()
	ctx, stop := s.Interrupts()
	defer stop()
	app := newApp(s)
	if done, err := completeValue(s.Stdout, app, s.Args); done {
		if err = errors.Join(err, flush()); err != nil {
			return ExitFailure
		}
		return ExitOK
	}
	args := reorder(app, s.Args)
	addHelp(app, args)
	err := app.RunContext(ctx, append([]string{"testbed"}, args...))
	if failed := flush(); failed != nil && !errors.Is(err, failed) {
		err = errors.Join(err, failed)
	}
	if err == nil {
		return ExitOK
	}
	code, hint := exitCode(err)
	if known := (*coded)(nil); ctx.Err() != nil && !(errors.As(err, &known) && known.own) {
		code = ExitInterrupted
	}
	if code != ExitReaderGone {
		complain(s, err, hint)
	}
	return code
}

func newApp(s *State) *cli.App {
	app := &cli.App{
		Name: "testbed", Usage: "emulate an edge network, measure stateful functions on it, and compare with the simulation",
		Description: description, Version: s.Version, HideVersion: true,
		Reader: s.Stdin, Writer: s.Stdout, ErrWriter: s.Stderr,
		EnableBashCompletion: true, Suggest: true,
		// The exit code is Main's affair, not the library's.
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   usageError,
		CommandNotFound: func(c *cli.Context, name string) {
			_ = printf(s.Stderr, "testbed: no command %q; `testbed help` lists them\n", name)
		},
		Commands: []*cli.Command{
			runCommand(s), upCommand(s), downCommand(s), listCommand(s), inspectCommand(s), execCommand(s),
			logsCommand(s), linkCommand(s), captureCommand(s), migrateCommand(s), applyCommand(s),
			verifyCommand(s), replayCommand(s),
			simulateCommand(s), studyCommand(s), profileCommand(s), planCommand(s),
			plotCommand(s), compareCommand(s), reportCommand(s), uploadCommand(s), serveCommand(s), graphCommand(s),
			validateCommand(s), schemaCommand(s), synthCommand(s), importCommand(s), exportCommand(s), doctorCommand(s),
			versionCommand(s),
			completionCommand(s),
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("no command %q; `testbed help` lists them", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
	for _, command := range app.Commands {
		command.OnUsageError = usageError
		tidyDefaults(command.Flags)
		for _, sub := range command.Subcommands {
			sub.OnUsageError = usageError
			tidyDefaults(sub.Flags)
		}
	}
	return app
}

func usageError(_ *cli.Context, err error, _ bool) error { return usage(err) }

// argument is the command's only argument.
func argument(c *cli.Context, what string) (string, error) {
	if c.NArg() != 1 {
		return "", usagef("%s takes one argument, %s, and got %d: testbed %s %s",
			c.Command.Name, what, c.NArg(), c.Command.Name, c.Command.ArgsUsage)
	}
	return c.Args().First(), nil
}

// none fails where a command that takes no arguments got some.
func none(c *cli.Context) error {
	if c.NArg() != 0 {
		return usagef("%s takes no arguments, and got %q", c.Command.Name, c.Args().Slice())
	}
	return nil
}

// Flags that several commands share.
func nameFlag() cli.Flag {
	return &cli.StringFlag{
		Name:  "name",
		Usage: "the testbed's `NAME` (default: the scenario's, or the only one that is up)",
	}
}

func formatFlag() cli.Flag {
	return &cli.StringFlag{
		Name:    "format",
		Aliases: []string{"f"},
		Value:   "table",
		Usage:   "`FORMAT` of the output: table or json",
	}
}

// format is the value of the format flag.
func format(c *cli.Context) (string, error) {
	f := c.String("format")
	if f != "table" && f != "json" {
		return "", usagef("unknown format %q: write table or json", f)
	}
	return f, nil
}

// needRoot fails where a command needs to make or enter namespaces and cannot.
func needRoot(s *State) error {
	if s.Root {
		return nil
	}
	return &coded{error: errors.New("this command makes or enters network namespaces, which takes root on Linux"),
		code: ExitUnsupported, hint: "run it with sudo; validate, schema, synth, simulate and compare need no root"}
}

func versionCommand(s *State) *cli.Command {
	return &cli.Command{Name: "version", Usage: "print the version", Action: func(c *cli.Context) error {
		if err := none(c); err != nil {
			return err
		}
		return printf(s.Stdout, "testbed %s\n", s.Version)
	}}
}

const bashCompletion = `_testbed() {
  local words
  words=$("${COMP_WORDS[@]:0:$COMP_CWORD}" --generate-bash-completion 2>/dev/null)
  COMPREPLY=($(compgen -f -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -o nospace -F _testbed testbed
`

const zshCompletion = `#compdef testbed
_testbed() {
  local -a words
  words=("${(@f)$(${words_so_far:-${words[@]:0:#words[@]-1}} --generate-bash-completion 2>/dev/null)}")
  _describe 'command' words
  _files
}
compdef _testbed testbed
`

func completionCommand(s *State) *cli.Command {
	print := func(script func(*cli.Context) (string, error)) cli.ActionFunc {
		return func(c *cli.Context) error {
			text, err := script(c)
			if err != nil {
				return err
			}
			_, err = io.WriteString(s.Stdout, text)
			return err
		}
	}
	fixed := func(text string) func(*cli.Context) (string, error) {
		return func(*cli.Context) (string, error) { return text, nil }
	}
	return &cli.Command{Name: "completion", Usage: "print a completion script: source <(testbed completion bash)",
		Subcommands: []*cli.Command{
			{Name: "bash", Usage: "for bash", Action: print(fixed(bashCompletion))},
			{Name: "zsh", Usage: "for zsh", Action: print(fixed(zshCompletion))},
			{Name: "fish", Usage: "for fish", Action: print(func(*cli.Context) (string, error) {
				app := newApp(s) // a fresh one: what runs contains itself, by way of its help
				app.Commands = append(app.Commands, helpCommand())
				script, err := app.ToFishCompletion()
				return script + fishChoices(app), err
			})},
		}}
}
