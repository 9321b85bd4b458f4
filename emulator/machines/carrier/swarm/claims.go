package swarm

import (
	"context"

	"github.com/docker/docker/api/types/swarm"

	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/container"
)

// Claims lists the services of a testbed that the Swarm has.
func (c *Carrier) Claims(ctx context.Context, testbed string) (all []carrier.Claim, err error) {
	if _, err := c.managed(ctx); err != nil {
		return nil, err
	}
	services, err := c.options.API.ServiceList(ctx, swarm.ServiceListOptions{Filters: container.Of(testbed)})
	if err != nil {
		return nil, c.reached(ctx, ofManager("the Swarm's services", err))
	}
	for _, s := range services {
		all = append(all, container.ClaimOf("the service "+s.Spec.Name+" of an agent", testbed, s.Spec.Labels, s.CreatedAt))
	}
	return all, nil
}
