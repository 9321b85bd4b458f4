package across

import (
	"context"
	"net/netip"
	"time"

	"testbed/emulator/fabric/measure"
	"testbed/emulator/netns"
)

// Flood is measure.Flood, between namespaces of this machine.
func (Prober) Flood(
	ctx context.Context, from, to netns.Ref, addr netip.Addr, size int, rate float64, lasts time.Duration,
) ([]int64, error) {
	return measure.Flood(ctx, from, to, addr, size, rate, lasts)
}
