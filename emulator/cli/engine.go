package cli

import (
	"context"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator/noderuntime/docker"
	"testbed/emulator/orchestrator"
)

// newDocker is the runtime of containers, which knows its own by what the host's testbeds signed.
func newDocker(s *State, h *orchestrator.Host) *docker.Runtime {
	return docker.New(s.Binary, docker.WithSecrets(h.Secrets), docker.WithKey(h.ImageSecret))
}

// dockerOption is that runtime as the orchestrator takes it.
func dockerOption(r *docker.Runtime) orchestrator.RuntimeOption {
	return orchestrator.RuntimeOption{Runtime: r, Supported: r.Supported, Endpoint: r.Endpoint, EngineID: r.EngineID, Foreign: r.Foreign,
		For: func(ctx context.Context, endpoint, id string) (orchestrator.RuntimeOption, error) {
			other, err := r.ForEngine(ctx, endpoint, id)
			if err != nil {
				return orchestrator.RuntimeOption{}, err
			}
			return dockerOption(other), nil
		}}
}

// prune removes the node images that nothing uses, where that was asked for.
func prune(c *cli.Context, s *State, host *orchestrator.Host) error {
	if !c.Bool("images") {
		return nil
	}
	removed, left, err := newDocker(s, host).Prune(c.Context)
	for _, image := range removed {
		_ = printf(s.Stdout, "removed %s\n", image)
	}
	if len(left) > 0 {
		_ = printf(s.Stderr, "left alone, as nothing proves that testbed made it: image %s\n", strings.Join(left, ", "))
	}
	return err
}

// leftAlone names, once others are removed, the containers that look like a testbed's, of any where the name is
// empty, and that nothing proves to be one's.
func leftAlone(c *cli.Context, s *State, host *orchestrator.Host, testbed string) error {
	found := host.Foreign(c.Context, testbed)
	if len(found) == 0 {
		return nil
	}
	return printf(s.Stderr, "left alone, as nothing proves that testbed made it: container %s\n", strings.Join(found, ", "))
}
