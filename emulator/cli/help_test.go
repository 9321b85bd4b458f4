package cli

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Command lines at once share nothing: the race detector sees what they would.
func TestCommandLinesAtOnce(t *testing.T) {
	t.Parallel()
	lines := map[string]string{
		"": "COMMANDS", "help": "COMMANDS", "--help": "GLOBAL OPTIONS", "help run": "--output", "run --help": "--output",
		"run help": "--output", "link help": "set", "link help set": "OPTIONS", "link set help": "OPTIONS",
		"link --help": "set", "help help": "[command]", "version": "test", "schema -h": "OPTIONS",
		"completion fish": "complete -c testbed", "completion bash": "complete",
		"run --no-such": "no-such", "no-such": "no-such",
	}
	var all sync.WaitGroup
	for line, says := range lines {
		for range 3 {
			all.Go(func() {
				var stdout, stderr output
				Main(&State{
					Version: "test", Args: strings.Fields(line), Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
					Interrupts: func() (context.Context, context.CancelFunc) { return context.WithCancel(t.Context()) },
				})
				if got := stdout.String() + stderr.String(); !strings.Contains(got, says) {
					t.Errorf("testbed %s does not say %q:\n%s", line, says, got)
				}
			})
		}
	}
	all.Wait()
}

// Of each flag help says one default at most, that it takes a value by a word that says which, and of a number what
// its absence means.
func TestHelpOfFlags(t *testing.T) {
	t.Parallel()
	app := newApp(&State{Version: "test", Stdin: strings.NewReader(""), Stdout: &output{}, Stderr: &output{}})
	commands := slices.Clone(app.Commands)
	for _, c := range app.Commands {
		commands = append(commands, c.Subcommands...)
	}
	seen := 0
	for _, c := range commands {
		for _, f := range c.Flags {
			seen++
			said := f.String()
			if n := strings.Count(said, "(default"); n > 1 {
				t.Errorf("%s: %d defaults: %s", c.FullName(), n, said)
			}
			for _, unsaid := range []string{"(default: false)", "(default: 0)", "(default: 0s)", " value\t"} {
				if strings.Contains(said, unsaid) {
					t.Errorf("%s: %q says nothing: %s", c.FullName(), unsaid, said)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("%d flags were looked at", seen)
	}
}
