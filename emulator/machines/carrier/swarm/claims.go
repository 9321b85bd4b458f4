package swarm

import (
	"context"

	"github.com/docker/docker/api/types/swarm"

	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/container"
)

// Claims lists the services of a testbed that the Swarm has, and their secrets: of a start that is under way, or was
// killed, there may be no more.
func (c *Carrier) Claims(ctx context.Context, testbed string) (all []carrier.Claim, err error) {
	if _, err := c.managed(ctx); err != nil {
		return nil, err
	}
	services, err := c.options.API.ServiceList(ctx, swarm.ServiceListOptions{Filters: container.Of(testbed)})
	if err != nil {
		return nil, c.reached(ctx, ofManager("the Swarm's services", err))
	}
	secrets, err := c.options.API.SecretList(ctx, swarm.SecretListOptions{Filters: container.Of(testbed)})
	if err != nil {
		return nil, c.reached(ctx, ofManager("the Swarm's secrets", err))
	}
	for _, s := range services {
		all = append(all, container.ClaimOf("the service "+s.Spec.Name+" of an agent", testbed, s.Spec.Labels, s.CreatedAt))
	}
	for _, s := range secrets {
		all = append(all, container.ClaimOf("the secret "+s.Spec.Name+" of agents", testbed, s.Spec.Labels, s.CreatedAt))
	}
	return all, nil
}
