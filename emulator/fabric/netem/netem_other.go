//go:build !linux

package netem

import (
	"context"
	"fmt"

	"testbed/emulator/fabric"
)

// Fabric cannot be had on this system.
type Fabric struct{}

var errSystem = fmt.Errorf("netem is part of Linux: %w", fabric.ErrNotSupported)

// New is a fabric that refuses everything.
func New(string, string) fabric.Fabric { return &Fabric{} }

// Supported says why this system cannot have the fabric.
func Supported(context.Context) error { return errSystem }

// Name returns "netem".
func (*Fabric) Name() string { return Name }

// Apply refuses.
func (*Fabric) Apply(context.Context, fabric.Network) error { return errSystem }

// Inspect refuses.
func (*Fabric) Inspect(context.Context) (fabric.Status, error) { return fabric.Status{}, errSystem }

// Close has nothing to close.
func (*Fabric) Close(context.Context) error { return nil }
