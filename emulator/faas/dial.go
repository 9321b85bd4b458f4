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

// reopenings is how often it asks again before it gives up (net.ipv4.tcp_syn_retries).
const reopenings = 6

// dial opens a connection. Where a router says that the other end is unreachable, as while a link is down, it asks
// again at the instants at which TCP would if nobody had said anything, and as often, unless ctx ends before: what is
// down may come back.
func (p *peers) dial(ctx context.Context, address string) (net.Conn, error) {
	for again, pause := 0, reopening; ; again, pause = again+1, 2*pause {
		next := time.NewTimer(pause)
		conn, err := p.dialer.DialContext(ctx, "tcp", address)
		down := errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
		if !down || again == reopenings {
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
