package cli

import (
	"slices"
	"strings"
	"testing"
)

func TestFlagsMayFollowArguments(t *testing.T) {
	app := newApp(&State{})
	for in, want := range map[string]string{
		"up file.yaml --name x":                  "up --name x file.yaml",
		"up --dry-run file.yaml -f json":         "up --dry-run -f json file.yaml",
		"up file.yaml --name=x":                  "up --name=x file.yaml",
		"run a.yaml --keep -o dir":               "run --keep -o dir a.yaml",
		"exec pi -- ping -c 3 server":            "exec pi -- ping -c 3 server",
		"exec --name x pi ls -l":                 "exec --name x pi ls -l",
		"synth topology iiot -o p":               "synth topology -o p iiot",
		"compare a b --fail-if error.median>10%": "compare --fail-if error.median>10% a b",
		"validate -- -odd-name.yaml":             "validate -odd-name.yaml",
		"nonsense --flag":                        "nonsense --flag",
	} {
		if got := reorder(app, strings.Fields(in)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
