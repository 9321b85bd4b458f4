package replay

import (
	"context"
	"fmt"
	"strings"

	"testbed/emulator/faas"
	"testbed/emulator/topology"
)

// Prefix is what the IDs of the stateful instances of a run's model begin with, as the keys of its chains do.
func Prefix(run, model string) string { return run + "/" + model + "/" }

// declare tells nodes which instances of a model's chains are placed on them, and returns what makes all nodes forget
// them.
func (r *replay) declare(ctx context.Context, m int) (clean func(), err error) {
	prefix := Prefix(r.Tags.Run, r.summary.Models[m].Model)
	nodes := map[topology.ID]bool{}
	placed := map[topology.ID][]faas.Stateful{}
	for _, one := range r.instances[m] {
		placed[one.Origin] = append(placed[one.Origin], one)
		nodes[one.Client] = true // it knows where they have gone
	}
	for node, all := range placed {
		nodes[node] = true
		residents, ok := r.Clients(node).(faas.Residents)
		if !ok {
			return func() {}, fmt.Errorf("the agent: %w", faas.ErrNotSupported)
		}
		if err = residents.Declare(ctx, all); err != nil {
			break
		}
	}
	return func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceToClean)
		defer cancel()
		for node := range placed {
			r.forgetMoved(end, node, prefix)
		}
		for _, id := range r.Moved {
			nodes[id] = true
		}
		if len(placed) == 0 {
			return
		}
		for node := range nodes {
			_ = r.Clients(node).Clean(end, prefix) // a node that does not answer has nothing any more, or ends soon
		}
	}, err
}

// nameInstances finds the stateful instances of a model's chains. Agents that do not know of any have none.
func (r *replay) nameInstances(model string, specs []*faas.ChainSpec) []faas.Stateful {
	if len(specs) == 0 {
		return nil
	}
	if _, ok := r.Clients(specs[0].Client).(faas.Residents); !ok {
		return nil
	}
	return faas.NameInstances(Prefix(r.Tags.Run, model), specs)
}

// forgetMoved forgets the instances that were placed on a node and have gone elsewhere, and may be back, by whomever
// they were moved.
func (r *replay) forgetMoved(ctx context.Context, node topology.ID, prefix string) {
	residents, ok := r.Clients(node).(faas.Residents)
	if !ok {
		return
	}
	all, _ := residents.Instances(ctx) // of a node that does not answer nothing can be followed
	for i := range all {
		if one := &all[i]; one.Origin == node && (!one.Here || one.Epoch > 0) && strings.HasPrefix(one.ID, prefix) {
			_ = faas.Forget(ctx, &one.Stateful, prefix, r.Clients) // a node that does not answer has nothing any more
		}
	}
}
