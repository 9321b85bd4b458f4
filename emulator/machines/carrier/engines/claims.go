package engines

import (
	"context"

	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/container"
)

// Claims lists the agents of a testbed that engines have. What cannot be reached has none that anybody could use.
func (c *Carrier) Claims(ctx context.Context, testbed string) (all []string, err error) {
	found := make([][]string, len(c.list))
	_ = c.each(ctx, c.list, func(i int, w way) (err error) {
		ctx, cancel := context.WithTimeout(ctx, answering)
		defer cancel()
		found[i], err = container.Claims(ctx, w.api, testbed)
		return err
	})
	for i, lines := range found {
		for _, line := range lines {
			all = append(all, carrier.NameOf(c.list[i])+": "+line)
		}
	}
	return all, context.Cause(ctx)
}
