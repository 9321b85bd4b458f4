package swarm

import (
	"context"
	"fmt"
	"time"

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
		return nil, fmt.Errorf("the Swarm's services: %w", err)
	}
	for _, s := range services {
		all = append(all, carrier.Claim{By: s.Spec.Labels[container.LabelBy],
			Says: fmt.Sprintf("the service %s of agents of %s, started by %s at %s", s.Spec.Name, testbed,
				container.By(s.Spec.Labels), s.CreatedAt.UTC().Format(time.DateTime))})
	}
	return all, nil
}
