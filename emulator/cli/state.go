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
	"testbed/emulator/catalogue"
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
	// Catalogue is what can be chosen; nil: the host's, or what is built in.
	Catalogue *catalogue.Catalogue
	// Interrupts returns a context that ends on Ctrl-C, Ctrl-\, SIGTERM or SIGHUP.
	Interrupts func() (context.Context, context.CancelFunc)
	// Signals gives the same signals to a command that `exec` runs, until the function returned is called; nil: none.
	Signals func() (<-chan os.Signal, func())

	out, err io.Writer // what Stdout and Stderr escape for; see escaped
	raw      io.Writer // what out writes to
}

// NewState takes the state from the operating system, and secrets out of the environment.
func NewState(version string) *State {
	childenv.Hide()
	heeded := heededSignals()
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
			if len(heeded) == 0 { // which would mean all
				return context.WithCancel(context.Background())
			}
			return signal.NotifyContext(context.Background(), heeded...)
		},
		Signals: func() (<-chan os.Signal, func()) {
			signals := make(chan os.Signal, 16)
			if len(heeded) > 0 {
				signal.Notify(signals, heeded...)
			}
			return signals, func() { signal.Stop(signals) }
		},
	}
}

// heededSignals are the signals that end a command, without those that whoever started this program had ignored: a
// shell ignores SIGINT and SIGQUIT for what it starts in the background, nohup SIGHUP. It must be called before
// anything else asks for signals.
//
// Go tells only of SIGINT and SIGHUP that they were ignored; SIGQUIT is taken to have been where SIGINT was, as
// shells ignore both. What is ignored here is for all that this program starts.
func heededSignals() (heeded []os.Signal) {
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			heeded = append(heeded, s)
		}
	}
	if signal.Ignored(os.Interrupt) {
		signal.Ignore(syscall.SIGQUIT)
		return heeded
	}
	return append(heeded, syscall.SIGQUIT)
}

// catalogue is what can be chosen by name.
func (s *State) catalogue() *catalogue.Catalogue {
	if s.Catalogue == nil && s.Host != nil {
		s.Catalogue = s.Host.Catalogue
	}
	if s.Catalogue == nil {
		s.Catalogue = emulator.Catalogue()
	}
	return s.Catalogue
}
