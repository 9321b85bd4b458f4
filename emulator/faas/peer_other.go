//go:build !linux

package faas

import (
	"fmt"
	"net"
)

// checkPeer refuses: who listens at a socket cannot be told here.
func checkPeer(net.Conn, int) error {
	return fmt.Errorf("%w: who listens at it can be told on Linux only: %w", ErrPeer, ErrNotSupported)
}
