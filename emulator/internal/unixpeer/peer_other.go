//go:build !linux

package unixpeer

import (
	"errors"
	"fmt"
	"net"
)

// Check refuses: who listens at a socket cannot be told here.
func Check(net.Conn, int) error {
	return fmt.Errorf("%w: who listens at it can be told on Linux only: %w", ErrOther, errors.ErrUnsupported)
}
