// Package carrier is the seam behind which a program of ours gets to run on several machines, with one authenticated
// connection to each: a carrier knows the machines, brings an agent to each of them, and takes it away again. Package
// engines does it by the machines' Docker engines, one by one, package swarm by the Swarm that they form. What an agent
// does is package agent's; what is asked of its nodes goes through package noderuntime/remote.
//
// An agent lives as long as its connection. The nodes that it started are containers of its machine's engine, which go
// on without it: whoever connects an agent anew finds them, and removes them.
package carrier

import (
	"context"
	"errors"
	"fmt"
	"os"

	"testbed/emulator/machines"
	"testbed/emulator/noderuntime/remote"
)

// ErrUnreachable is wrapped by errors about a machine that could not be asked: what is there is not known.
var ErrUnreachable = errors.New("the machine cannot be reached")

// ErrTaken is wrapped by errors about agents of a testbed that are there already, and are not those of this start.
var ErrTaken = errors.New("another controller has it")

// ErrLeft is wrapped by errors of a start that could not undo what it did.
var ErrLeft = errors.New("something of it may be left")

// Left is the error of a start that failed, with what kept it from undoing what it did; nil: nothing did.
func Left(err, undoing error) error {
	if undoing == nil {
		return err
	}
	return errors.Join(err, fmt.Errorf("%w: %w", ErrLeft, undoing))
}

// Carrier brings agents to machines. Its methods may be called at the same time.
type Carrier interface {
	// Name is engines or swarm.
	Name() string
	// Machines lists the machines that agents can be brought to, with what is known of them, and those that are there
	// and cannot carry anything, with why.
	Machines(ctx context.Context) ([]machines.Machine, []Unfit, error)
	// Start brings an agent to each of these machines, and returns when all have answered, in the machines' order. On
	// an error it removes those that it started; the error names each machine that failed, and the remedy, and wraps
	// ErrLeft where something could not be removed.
	Start(ctx context.Context, launch Launch, on []machines.Machine) ([]*Agent, error)
	// Claims says who has agents of a testbed on the machines that can be asked.
	Claims(ctx context.Context, testbed string) ([]Claim, error)
	// Remove removes all that was started for the agents of a testbed, by whomever, and no node. It returns the
	// machines that could not be asked, for which it is to be repeated, with an error for each other failure. It may be
	// repeated.
	Remove(ctx context.Context, testbed string) ([]Unfit, error)
	// Close gives up the connections to engines. Agents' connections may go with it.
	Close() error
}

// Claim is an agent, or a service of agents, that is there.
type Claim struct {
	By   string // name of the host that started it, as it says; empty: it does not
	Says string // one line
}

// Launch says for what agents are started.
type Launch struct {
	Testbed string         // whose agents they are
	By      string         // who starts them, for whoever finds them; empty: the name of this host
	Secrets remote.Secrets // by which its containers are known; they are asked for when they are needed
	// Dirs are directories of the machines that nodes' files are in, each made where it is missing. The agent sees
	// them under the same path, or with `:rslave` at the end what is mounted there later as well. Empty:
	// orchestrator.DefaultStore.
	Dirs []string
	// Programs is a directory of the machines in which the nodes' program is kept. Empty: where the host's key is.
	Programs string
	// Replace has agents of the testbed removed that are on these machines already, whosever they are.
	Replace bool
}

// What is meant where a launch does not say it: where a machine keeps what it has of testbeds, and programs.
const (
	DefaultDir      = "/run/tb-testbed"
	DefaultPrograms = "/var/lib/tb-testbed"
)

// Complete is the launch with what it does not say.
func (l Launch) Complete() Launch {
	if len(l.Dirs) == 0 {
		l.Dirs = []string{DefaultDir}
	}
	if l.By == "" {
		l.By, _ = os.Hostname()
	}
	if l.Programs == "" {
		l.Programs = DefaultPrograms
	}
	return l
}

// Unfit is a machine that cannot carry anything, or could not be asked.
type Unfit struct {
	Machine machines.Machine `json:"machine"`
	Why     string           `json:"why"`
}

// String says which and why.
func (u Unfit) String() string { return fmt.Sprintf("%s: %s", NameOf(u.Machine), u.Why) }

// NameOf is what messages call a machine.
func NameOf(m machines.Machine) string {
	if m.Name != "" && m.Name != m.ID {
		return fmt.Sprintf("%s (%s)", m.Name, m.ID)
	}
	return m.ID
}

// On names the machine in an error.
func On(m machines.Machine, err error) error { return machines.On(NameOf(m), err) }
