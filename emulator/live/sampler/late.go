package sampler

import (
	"context"

	"testbed/emulator/health"
	"testbed/emulator/record"
)

// punctual is a fabric that may tell how late it is; see fabric.Healthy.
type punctual interface {
	Health(ctx context.Context, since uint64) (health.Health, error)
}

// nothingNew asks for no spells: none has so high a number.
const nothingNew = ^uint64(0)

// late is how late packets were since the sample before; nil where the fabric does not tell, or another than before
// does.
func (s *Sampler) late(ctx context.Context) *record.PacketsLate {
	of, ok := s.config.Fabric.(punctual)
	if !ok {
		return nil
	}
	now, err := of.Health(ctx, nothingNew)
	if err != nil {
		s.health = nil
		return nil
	}
	before := s.health
	s.health = &now
	if before == nil || before.From != now.From || now.Now <= before.Now {
		return nil
	}
	written := now.Written.Since(&before.Written)
	return &record.PacketsLate{
		Packets: int64(written.Count), P50: written.Quantile(0.5).Seconds(), P99: written.Quantile(0.99).Seconds(),
		Max: written.Longest.Seconds(), Busy: min(1, max(0, float64(now.Busy-before.Busy)/float64(now.Now-before.Now))),
	}
}
