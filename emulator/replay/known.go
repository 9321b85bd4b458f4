package replay

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"testbed/emulator/faas"
)

// tell tells nodes' agents what they believe nobody else, for all models' chains.
func (r *replay) tell(ctx context.Context) error {
	all := faas.AllKnown{}
	for _, specs := range r.specs {
		for _, s := range specs {
			all.Need(s, r.Reach)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		told := all.Of(id)
		agent, able := r.Clients(id).(faas.Teller)
		if !able && len(told.Lives)+len(told.Redis) > 0 {
			return fmt.Errorf("the agent: %w", faas.ErrNotSupported)
		}
		if !able {
			continue
		}
		if err := agent.Tell(ctx, told, true); err != nil {
			name, _ := r.Name(id)
			return fmt.Errorf("node %s: %w", name, err)
		}
	}
	return nil
}
