// Package seat keeps the agents of a testbed on several machines. An agent lives as long as its connection, a testbed
// longer than the command that brought it up: the seat is a process in the background that holds the connections, and
// passes on what later commands have to say to agents and these to them. It speaks to this user's processes only,
// through a socket in the directory of the testbed's records.
//
// An agent that is lost is not replaced: what was in it, such as its part of the network, is gone, and that is told. A
// seat that is asked to end (SIGTERM) ends the agents and removes what was started for them; one that is killed leaves
// agents without a connection, which end by themselves.
package seat

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"testbed/emulator/internal/exchange"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/engines"
	"testbed/emulator/machines/carrier/swarm"
	"testbed/emulator/machines/control"
)

// ProcessName is argv[0] of the process, by which it is found after a crash.
const ProcessName = "tb-seat"

// Command is the hidden command of the program that becomes the process: seat-process TESTBED DIRECTORY.
const Command = "seat-process"

// Files in a testbed's directory.
const (
	socketName = "seat.sock"
	logName    = "seat.log"
)

// ErrNotRunning is wrapped by errors about a testbed whose agents nobody keeps any more.
var ErrNotRunning = errors.New("the process that keeps the testbed's agents does not run")

// ErrRuns is wrapped by the error of starting a seat that is there already.
var ErrRuns = errors.New("the testbed's agents are kept already")

// ErrNotSupported is wrapped by errors of systems that have no such process.
var ErrNotSupported = errors.New("agents are kept on Linux only")

// Exit codes of the process that ended before it was confirmed.
const (
	exitFailed = 1 // nothing of it is left
	exitLeft   = 3 // something may be
)

// errNoMachine is wrapped by errors about a machine that has none of the testbed's agents.
var errNoMachine = fmt.Errorf("no agent of the testbed's is there: %w", control.ErrNoService)

// Config says which agents a seat keeps.
type Config struct {
	Testbed string `json:"testbed"`
	// Dir is the directory of the testbed's records on this host, this user's alone; it is made where it is missing.
	Dir     string `json:"dir"`
	Carrier string `json:"carrier"` // engines or swarm
	// Machines get an agent each, in this order.
	Machines []machines.Machine `json:"machines"`
	Image    string             `json:"image,omitempty"` // as in engines.Options and swarm.Options, as are SSH and Listen
	SSH      []string           `json:"ssh,omitempty"`
	Listen   string             `json:"listen,omitempty"`
	Socket   string             `json:"socket,omitempty"` // as in swarm.Options
	Dirs     []string           `json:"dirs,omitempty"`   // as in carrier.Launch, as is Programs
	Programs string             `json:"programs,omitempty"`
	// Store and Key are where the process finds the secrets by which containers are signed.
	Store string `json:"store"`
	Key   string `json:"key"`
}

// check refuses what cannot be a seat's.
func (c *Config) check() error {
	switch {
	case c.Testbed == "" || strings.ContainsRune(c.Testbed, 0) || c.Dir == "" || strings.ContainsRune(c.Dir, 0):
		return errors.New("a seat is of a testbed, and in a directory")
	case c.Carrier != engines.Name && c.Carrier != swarm.Name:
		return fmt.Errorf("%q is no carrier: take %s or %s", c.Carrier, engines.Name, swarm.Name)
	}
	for _, m := range c.Machines {
		if !utf8.ValidString(m.ID + m.Name + m.Address) {
			return fmt.Errorf("machine %q: it is not called in UTF-8", m.ID)
		}
	}
	return machines.Check(c.Machines)
}

// Agent is an agent that is kept.
type Agent struct {
	Machine machines.Machine `json:"machine"`
	Hello   carrier.Hello    `json:"hello"`
}

// kinds are the errors that callers tell apart.
var kinds = exchange.Kinds{
	"lost":          control.ErrLost,
	"no service":    control.ErrNoService,
	"unreachable":   carrier.ErrUnreachable,
	"taken":         carrier.ErrTaken,
	"left":          carrier.ErrLeft,
	"other program": carrier.ErrOtherProgram,
	"no manager":    swarm.ErrNoManager,
}
