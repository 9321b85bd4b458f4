package spread

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"testbed/emulator/fabric/clocks"
	"testbed/emulator/fabric/userspace"
	"testbed/emulator/fabric/wire"
)

// meet is the agent's side of Floors: it listens as long as the stream lasts, and connects with the others as fabrics
// do.
func meet(ctx context.Context, stream net.Conn) {
	v := newVisit(stream)
	var p place
	if err := v.from.Receive(&p); err != nil {
		return
	}
	var c carried
	address, err := c.listen(ctx, p.Host)
	if v.to.Encode(said{Failure: kinds.Of(err), Address: address}) != nil || err != nil {
		return
	}
	defer func() { _ = c.listener.Close() }()
	p = place{}
	if err := v.from.Receive(&p); err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	go func() { // only the stream's end ends the read
		defer cancel()
		_, _ = io.ReadFull(stream, make([]byte, 1))
	}()
	begin := time.Now()
	mesh, err := wire.New(wire.Config{Self: p.Self, Names: p.Names, Addresses: p.Addresses, Key: p.Key,
		Listener: c.listener, Now: func() int64 { return int64(time.Since(begin)) }, Ring: func() {}})
	var trips []time.Duration
	if err == nil {
		defer mesh.Close()
		trips, err = p.measure(ctx, mesh)
	}
	_ = v.to.Encode(said{Failure: kinds.Of(err), RoundTrips: trips})
	<-ctx.Done() // the others may not be through with it
}

// measure returns the least round trip to each machine once so many were made as clocks count.
func (p *place) measure(ctx context.Context, mesh *wire.Mesh) ([]time.Duration, error) {
	for {
		trips := make([]time.Duration, 0, len(p.Names))
		var apart []string
		for i, s := range mesh.Status() {
			if i == p.Self {
				trips = append(trips, 0)
			}
			if trips = append(trips, time.Duration(s.Clock.RoundTrip)); s.Clock.Probes < clocks.Window {
				apart = append(apart, s.Peer)
			}
		}
		if len(apart) == 0 {
			if p.Self == len(trips) {
				trips = append(trips, 0)
			}
			return trips, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", strings.Join(apart, ", "), userspace.ErrApart)
		case <-time.After(clocks.Interval):
		}
	}
}
