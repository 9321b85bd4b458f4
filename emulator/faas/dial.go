package faas

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// reopening is how long TCP waits before it asks again for a connection for the first time; it doubles from one to the
// next (RFC 6298).
const reopening = time.Second

// dial opens a connection. Where a router says that the other end is unreachable, as while a link is down, it asks
// again at the instants at which TCP would if nobody had said anything, until ctx ends: what is down may come back.
func (p *peers) dial(ctx context.Context, address string) (net.Conn, error) {
	for pause := reopening; ; pause *= 2 {
		next := time.NewTimer(pause)
		conn, err := p.dialer.DialContext(ctx, "tcp", address)
		if err == nil || !errors.Is(err, syscall.EHOSTUNREACH) && !errors.Is(err, syscall.ENETUNREACH) {
			next.Stop()
			return conn, err
		}
		select {
		case <-ctx.Done():
			next.Stop()
			return nil, fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-next.C:
		}
	}
}
