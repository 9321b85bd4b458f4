package fake

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
)

// Measure is one more point at which a machine can be made to fail: what measures between its nodes.
const Measure = "measure"

// Prober answers every measurement alike.
type Prober struct {
	Machine *Machine
	Echo    time.Duration // every echo's round trip
	Rate    float64       // every rate, in bit/s of TCP payload
}

var errNoNode = errors.New("no node has the address")

// RTT gives every echo the same round trip.
func (p Prober) RTT(
	ctx context.Context, _ netns.Ref, to netip.Addr, count int, _ time.Duration,
) ([]time.Duration, error) {
	if err := p.reaches(ctx, to); err != nil {
		return nil, err
	}
	all := make([]time.Duration, count)
	for i := range all {
		all[i] = p.Echo
	}
	return all, nil
}

// Goodput gives every connection the same rate.
func (p Prober) Goodput(
	ctx context.Context, _, _ netns.Ref, to netip.Addr, _, _ time.Duration, _ string,
) (float64, error) {
	return p.Rate, p.reaches(ctx, to)
}

func (p Prober) reaches(ctx context.Context, to netip.Addr) error {
	subnet := p.Machine.Subnet
	if to.Is6() {
		subnet = fabric.Addr6(subnet).Masked()
	}
	if !subnet.Contains(to) {
		return fmt.Errorf("%s: %w", to, errNoNode)
	}
	return errors.Join(context.Cause(ctx), p.Machine.Failure(Measure))
}
