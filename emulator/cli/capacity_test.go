package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator"
	"testbed/emulator/capacity"
)

// weak is a host that was measured to carry next to nothing.
func weak(fabric string) *capacity.Measured {
	m := &capacity.Measured{Time: time.Unix(1e9, 0).UTC(), Version: "test", Runtime: "process", Starts: 50,
		Fabrics: []capacity.Fabric{{Name: fabric, Short: capacity.Path{Links: 2, Packets: 20},
			Long: capacity.Path{Links: 6, Packets: 10}, LateAt: 10}}}
	m.Kernel, m.CPU, m.Processors = emulator.ThisHost()
	return m
}

// What a scenario asks of the host is held against what that was measured to do, before anything else is done.
func TestWarningsOfWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	elsewhere := weak("userspace")
	elsewhere.Kernel = "another"
	for name, c := range map[string]struct {
		of     *capacity.Measured
		warned bool
	}{
		"not measured": {nil, false}, "too weak": {weak("userspace"), true}, "another fabric": {weak("netem"), false},
		"another host": {elsewhere, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newBench(t)
			if c.of != nil {
				if err := c.of.Write(filepath.Dir(l.host.Key)); err != nil {
					t.Fatal(err)
				}
			}
			for _, args := range [][]string{
				{"run", l.tiny, "-o", l.results(), "--report=false", "--verify=false"}, {"up", l.tiny},
				{"replay", "-o", l.results(), "--report=false"},
			} {
				got := l.want(ExitOK, "", args...)
				if strings.Contains(got.stderr, "warning: model in-") != c.warned ||
					c.warned && !strings.Contains(got.stderr, "What helps: slower links, another machine") {
					t.Errorf("%s: %s", args[0], got.stderr)
				}
			}
		})
	}
}

func TestABrokenMeasurement(t *testing.T) {
	l := newBench(t)
	path := filepath.Join(filepath.Dir(l.host.Key), capacity.File)
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := l.want(ExitOK, "", "up", l.tiny)
	if !strings.Contains(got.stderr, "note: whether this host can carry the scenario is not known") ||
		!strings.Contains(got.stderr, "doctor --measure") {
		t.Error(got.stderr)
	}
}
