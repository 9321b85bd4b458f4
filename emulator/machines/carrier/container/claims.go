package container

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// Claim is as in package carrier.
type Claim struct{ By, Says string }

// Claims says which agents of a testbed an engine has.
func Claims(ctx context.Context, api *client.Client, testbed string) ([]Claim, error) {
	found, err := api.ContainerList(ctx, container.ListOptions{All: true, Filters: Of(testbed)})
	if err != nil {
		return nil, fmt.Errorf("looking for agents: %w", err)
	}
	var all []Claim
	for _, c := range found {
		if strings.HasPrefix(c.Command, "/testbed "+Command+" ") {
			all = append(all, Claim{c.Labels[LabelBy], fmt.Sprintf("an agent of %s, started by %s at %s", testbed,
				By(c.Labels), time.Unix(c.Created, 0).UTC().Format(time.DateTime))})
		}
	}
	return all, nil
}

// longestBy is how much of what labels say is shown.
const longestBy = 64

// By is who started what bears these labels, as they say.
func By(labels map[string]string) string {
	by := labels[LabelBy]
	if by == "" {
		return "a host that does not say its name"
	}
	return fmt.Sprintf("%.*q", longestBy, by)
}
