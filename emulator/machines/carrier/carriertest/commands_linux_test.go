package carriertest

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"testbed/emulator/internal/proc"
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
	before []string // the program's name: what leads to the machine
	flags  []string // of up
}

// on is one machine, with the engine that it has.
func (c *commands) on(t *testing.T, n int, flags ...string) place {
	t.Helper()
	holder := fmt.Sprintf("tb-machine:%s/%d", c.at.Dir, n)
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		pid := filepath.Base(path)
		number, err := strconv.Atoi(pid)
		if line := proc.CommandLineOf(number); err == nil && len(line) > 0 && line[0] == holder {
			return place{[]string{"nsenter", "--target", pid, "--mount", "--net", "--uts", "--wd=" + repository(), "--"}, flags}
		}
	}
	t.Fatalf("machine %d is not there", n)
	return place{}
}

// spread is all machines, by their engines.
func (c *commands) spread() place {
	var list []string
	for n := 1; n <= c.at.Count; n++ {
		list = append(list, c.at.Engine(n))
	}
	return place{nil, []string{"--machines", strings.Join(list, ",")}}
}

// command is the program with arguments.
func (p place) command(args ...string) *exec.Cmd {
	words := slices.Concat(p.before, []string{shipped()}, args)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = repository()
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
