//go:build !linux

package remote

import (
	"context"
	"net"

	"testbed/emulator/noderuntime"
)

// connect has no nodes to connect to.
func connect(context.Context, wanted, []string) (net.Conn, error) {
	return nil, noderuntime.ErrNotSupported
}
