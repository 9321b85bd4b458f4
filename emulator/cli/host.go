package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/internal/shell"
	"testbed/emulator/orchestrator"
	"testbed/emulator/resolved"
)

// host is the machine that the command line works on.
func (s *State) host() *emulator.Host {
	if s.Host != nil {
		return s.Host
	}
	return emulator.NewHostOf(s.catalogue(), orchestrator.DefaultStore, orchestrator.DefaultKey, s.Binary, s.Version)
}

// origin says who changes a testbed, for those whom it concerns: the command line, and its process and user.
func (s *State) origin() string {
	words := make([]string, len(s.Args))
	for i, a := range s.Args {
		words[i] = shell.Quote(a)
	}
	return fmt.Sprintf("testbed %s (process %d, user %d)", strings.Join(words, " "), os.Getpid(), os.Getuid())
}

// opened is the testbed that a command is about.
func opened(c *cli.Context, s *State) (*emulator.Bed, error) { return openedAs(c, s, c.String("name")) }

// openedAs is the testbed of that name; empty: the only one there is.
func openedAs(c *cli.Context, s *State, name string) (*emulator.Bed, error) {
	if err := needRoot(s); err != nil {
		return nil, err
	}
	return s.host().Open(c.Context, name)
}

// openScenario is the testbed that a command is about, and the scenario it was made from.
func openScenario(c *cli.Context, s *State) (*emulator.Bed, *resolved.Scenario, error) {
	bed, err := opened(c, s)
	if err != nil {
		return nil, nil, err
	}
	e, err := bed.Scenario()
	return bed, e, err
}

// warnAbsent says which nodes a change did not reach.
func warnAbsent(s *State, bed *emulator.Bed) {
	if absent := bed.Absent(); len(absent) > 0 {
		_ = printf(s.Stderr, "note: these nodes do not run, and the rest was changed: %s; "+
			"`testbed apply` starts them again\n", strings.Join(absent, ", "))
	}
}
