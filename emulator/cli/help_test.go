package cli

import (
	"context"
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
