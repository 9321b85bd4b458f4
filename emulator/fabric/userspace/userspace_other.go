//go:build !linux

package userspace

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/net/bpf"

	"testbed/emulator/fabric"
	"testbed/emulator/health"
	"testbed/emulator/internal/program"
)

// Fabric exists on Linux only: elsewhere its methods return an error that wraps fabric.ErrNotSupported.
type Fabric struct{}

var errOther = fmt.Errorf("the userspace fabric needs Linux: %w", fabric.ErrNotSupported)

// New returns a fabric that can do nothing.
func New(string, string, program.Program, ...string) *Fabric { return &Fabric{} }

// Name is userspace.
func (*Fabric) Name() string { return Name }

// Apply returns an error.
func (*Fabric) Apply(context.Context, fabric.Network) error { return errOther }

// Inspect returns an error.
func (*Fabric) Inspect(context.Context) (fabric.Status, error) { return fabric.Status{}, errOther }

// Close returns an error.
func (*Fabric) Close(context.Context) error { return errOther }

// Processes returns an error.
func Processes(string) ([]int, error) { return nil, errOther }

// Main says that there is no such process, and returns 1.
func Main([]string) int {
	fmt.Fprintln(os.Stderr, errOther)
	return 1
}

// Testbeds returns ErrNotSupported.
func Testbeds() ([]string, error) { return nil, errOther }

// Supported returns an error.
func Supported(context.Context) error { return errOther }

// Watch returns an error.
func (*Fabric) Watch(context.Context) error { return errOther }

// Reshape returns an error.
func (*Fabric) Reshape(context.Context, fabric.Network) error { return errOther }

// Counters returns an error.
func (*Fabric) Counters(context.Context) ([]fabric.QueueStatus, error) { return nil, errOther }

// Health returns an error.
func (*Fabric) Health(context.Context, uint64, bool) (health.Health, error) {
	return health.Health{}, errOther
}

// Tap returns an error.
func (*Fabric) Tap(context.Context, []fabric.QueueName, []bpf.RawInstruction, fabric.TapSink) error {
	return errOther
}

// Depend does nothing.
func (*Fabric) Depend() {}

// Starts is 0.
func (*Fabric) Starts() int { return 0 }

// Beside does nothing.
func (*Fabric) Beside() {}

// Join returns an error.
func (*Fabric) Join(Part) error { return errOther }

// Connected returns an error.
func (*Fabric) Connected(context.Context) error { return errOther }
