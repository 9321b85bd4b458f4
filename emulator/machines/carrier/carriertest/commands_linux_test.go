package carriertest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/internal/testenv"
)

// repository is the directory of this program's sources.
func repository() string { return filepath.Dir(filepath.Dir(testenv.MachinesScript())) }

// shipped is the program as it is shipped.
func shipped() string { return filepath.Join(repository(), "bin", "testbed") }

// commands are given to the program on the machines of scripts/machines.
type commands struct{ at testenv.Machines }

func newCommands(t *testing.T) *commands { return &commands{testenv.NewMachines(t)} }

// place is where testbeds are brought up.
type place struct {
	engine string   // of the runtime docker; empty: whichever there is
	flags  []string // of up
}

// on is one machine's engine.
func (c *commands) on(n int, flags ...string) place { return place{c.at.Engine(n), flags} }

// spread is all machines, by their engines.
func (c *commands) spread() place {
	var list []string
	for n := 1; n <= c.at.Count; n++ {
		list = append(list, c.at.Engine(n))
	}
	return place{"", []string{"--machines", strings.Join(list, ",")}}
}

// command is the program with arguments.
func (p place) command(args ...string) *exec.Cmd {
	cmd := exec.Command(shipped(), args...)
	cmd.Dir = repository()
	if p.engine != "" {
		cmd.Env = append(os.Environ(), "DOCKER_HOST="+p.engine)
	}
	return cmd
}

// must runs the program, and returns what it has printed.
func (p place) must(t testing.TB, args ...string) []byte {
	t.Helper()
	out, err := p.run(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// offTarget is the exit status of a command that measures, and has found something that is off.
const offTarget = 4

// checked runs a command that measures, which may say that something is off.
func (p place) checked(t testing.TB, args ...string) []byte {
	t.Helper()
	out, err := p.run(args...)
	var status *exec.ExitError
	if err != nil && !(errors.As(err, &status) && status.ExitCode() == offTarget) {
		t.Fatal(err)
	}
	return out
}

// run runs the program.
func (p place) run(args ...string) ([]byte, error) {
	cmd := p.command(args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("testbed %s: %w: %s", strings.Join(args, " "), err, &said)
	}
	return out, err
}
