package engines

import (
	"context"

	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/container"
)

// Claims lists the agents of a testbed that engines have. What cannot be reached has none that anybody could use.
func (c *Carrier) Claims(ctx context.Context, testbed string) (all []carrier.Claim, err error) {
	found := make([][]carrier.Claim, len(c.list))
	_ = c.each(ctx, c.list, func(i int, w way) (err error) {
		ctx, cancel := context.WithTimeout(ctx, answering)
		defer cancel()
		found[i], err = container.Claims(ctx, w.api, testbed)
		return err
	})
	for i, claims := range found {
		for _, claim := range claims {
			claim.Says = carrier.NameOf(c.list[i]) + ": " + claim.Says
			all = append(all, claim)
		}
	}
	return all, context.Cause(ctx)
}
