//go:build !linux

package canary

import (
	"context"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
)

// Start fails with netns.ErrNotSupported.
func Start(context.Context, fabric.Fabric, string) (*Canary, error) {
	return nil, netns.ErrNotSupported
}
