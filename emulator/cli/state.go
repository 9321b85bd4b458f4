// Package cli is the command line: it reads arguments, calls the other packages, and prints.
package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/term"

	"testbed/emulator"
	"testbed/emulator/internal/childenv"
)

// State is all that the command line takes from its process, so that tests can run it in theirs.
type State struct {
	Version  string
	Args     []string // without the program's name
	Stdin    io.Reader
	Stdout   io.Writer
	Stderr   io.Writer
	Terminal bool           // Stderr is a terminal: progress is shown
	Binary   string         // path of this program, which nodes and the fabric run too
	Root     bool           // the process may make namespaces
	Host     *emulator.Host // nil: this machine
	// Interrupts returns a context that ends on Ctrl-C, SIGTERM or SIGHUP.
	Interrupts func() (context.Context, context.CancelFunc)

	out, err io.Writer // what Stdout and Stderr escape for; see escaped
}

// NewState takes the state from the operating system, and secrets out of the environment.
func NewState(version string) *State {
	childenv.Hide()
	binary, err := os.Executable()
	if err != nil {
		binary = os.Args[0]
	}
	return &State{
		Version: version, Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminal: term.IsTerminal(int(os.Stderr.Fd())),
		Binary:   binary,
		Root:     runtime.GOOS == "linux" && os.Geteuid() == 0,
		Interrupts: func() (context.Context, context.CancelFunc) {
			// A reader of our output that goes away (testbed run | head) must not keep us from cleaning up. The
			// signal is caught, not ignored, for what exec starts would inherit the latter.
			signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
			return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		},
	}
}
