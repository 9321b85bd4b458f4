//go:build !linux

package seat

import (
	"context"
	"fmt"
	"net"
	"os"

	"testbed/emulator/internal/program"
	"testbed/emulator/noderuntime/remote"
)

// Seat exists on Linux only: elsewhere there is none.
type Seat struct{}

// Start returns ErrNotSupported.
func Start(context.Context, program.Program, []string, Config, func(string)) (*Seat, error) {
	return nil, ErrNotSupported
}

// Open returns an error that wraps ErrNotRunning.
func Open(string, string) (*Seat, error) {
	return nil, fmt.Errorf("%w: %w", ErrNotRunning, ErrNotSupported)
}

// Agents are none.
func (*Seat) Agents() []Agent { return nil }

// At opens nothing.
func (*Seat) At(string) remote.Opener { return nothing{} }

type nothing struct{}

// Open returns ErrNotSupported.
func (nothing) Open(string) (net.Conn, error) { return nil, ErrNotSupported }

// Watch returns ErrNotSupported.
func (*Seat) Watch(context.Context) error { return ErrNotSupported }

// Close has nothing to end.
func (*Seat) Close(context.Context) error { return nil }

// End has nothing to end.
func End(context.Context, string, string) error { return nil }

// Testbeds are none.
func Testbeds() (map[string]string, error) { return nil, nil }

// Main says that there is no such process, and returns 1.
func Main([]string, func(store, key string) remote.Secrets) int {
	fmt.Fprintln(os.Stderr, ErrNotSupported)
	return 1
}
