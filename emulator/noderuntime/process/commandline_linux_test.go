package process

import (
	"slices"
	"strings"
	"testing"

	"testbed/emulator/internal/proc"
	"testbed/emulator/noderuntime"
)

func TestCommandLineRoundTrip(t *testing.T) {
	specs := []noderuntime.Spec{
		{
			Testbed: "iiot", Node: "rpi3_0", Dir: "/run/tb-testbed/iiot", HostsAt: "/run/tb-testbed/iiot/hosts",
			Args: []string{"agent", "{}"},
		},
		{Testbed: "a-b", Node: "n", Dir: "/d"},
		{Testbed: "a", Node: "n", Dir: "/d", Args: []string{"--", "", InitCommand, "x"}},
	}
	for _, s := range specs {
		for _, prefix := range [][]string{nil, {"-test.run", ""}} {
			line := argv(prefix, s)
			id, ok := parseCommandLine(line)
			if want := (identity{s.Testbed, s.Node, s.Dir, s.HostsAt}); !ok || id != want {
				t.Errorf("%q: read %v %v, want %v", line, id, ok, want)
			}
			_, rest, err := parseArguments(line[2+len(prefix):])
			if err != nil || !slices.Equal(rest, s.Args) {
				t.Errorf("%q: rest %q, %v, want %q", line, rest, err, s.Args)
			}
		}
	}
}

func TestCommandLinesOfOthers(t *testing.T) {
	for _, line := range []string{"", "\x00", "tb-node", "tb-node\x00node-init\x00a\x00n\x00/d\x00\x00",
		"vi\x00tb-node\x00node-init\x00a\x00n\x00/d\x00\x00--\x00", "tb-node\x00agent\x00a\x00n\x00/d\x00h\x00--\x00",
		"tb-node\x00node-init\x00\x00n\x00/d\x00h\x00--\x00", "tb-nodes\x00node-init\x00a\x00n\x00/d\x00h\x00--\x00"} {
		if id, ok := parseCommandLine(proc.Arguments([]byte(line))); ok {
			t.Errorf("%q was taken for node %v", line, id)
		}
	}
}

func FuzzParseCommandLine(f *testing.F) {
	f.Add([]byte("tb-node\x00node-init\x00a\x00n\x00/d\x00h\x00--\x00agent\x00"))
	f.Add([]byte("tb-node"))
	f.Fuzz(func(t *testing.T, data []byte) {
		id, ok := parseCommandLine(proc.Arguments(data))
		if ok && (id.testbed == "" || id.node == "" || !strings.HasPrefix(string(data), ArgvZero+"\x00")) {
			t.Errorf("%q was taken for %v", data, id)
		}
	})
}
