package cli

import (
	"context"

	"testbed/emulator/resolved"
)

// warn says, before anything is made or measured, what a scenario asks of this host that it was measured not to do. That
// nothing can be said of it ends no command.
func warn(ctx context.Context, s *State, e *resolved.Scenario, fabric string) {
	warnings, err := s.host().Warnings(ctx, e, fabric)
	if err != nil {
		_ = printf(s.Stderr, "note: whether this host can carry the scenario is not known: %v\n", err)
	}
	for _, w := range warnings {
		_ = printf(s.Stderr, "warning: %s\n", w)
	}
}
