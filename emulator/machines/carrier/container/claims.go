package container

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"testbed/emulator/machines/carrier"
)

// Claims says which agents of a testbed an engine has.
func Claims(ctx context.Context, api *client.Client, testbed string) ([]carrier.Claim, error) {
	found, err := api.ContainerList(ctx, container.ListOptions{All: true, Filters: Of(testbed)})
	if err != nil {
		return nil, fmt.Errorf("looking for agents: %w", err)
	}
	var all []carrier.Claim
	for _, c := range found {
		if strings.HasPrefix(c.Command, "/testbed "+Command+" ") {
			all = append(all, ClaimOf("an agent", testbed, c.Labels, time.Unix(c.Created, 0)))
		}
	}
	return all, nil
}

// longestBy is how much of what labels say is shown.
const longestBy = 64

// ClaimOf is the claim of what bears these labels, and was made at some time, to a testbed.
func ClaimOf(what, testbed string, labels map[string]string, made time.Time) carrier.Claim {
	by, named := labels[LabelBy], "a host that does not say its name"
	if by != "" {
		named = fmt.Sprintf("%.*q", longestBy, by)
	}
	return carrier.Claim{By: by, Says: fmt.Sprintf("%s of %s, started by %s at %s", what, testbed, named,
		made.UTC().Format(time.DateTime))}
}
