package faas

import (
	"context"
	"errors"
	"slices"

	"testbed/emulator/topology"
)

// cleanInstances makes instances forget what they have of a chain, wherever they are. Where they are of programs, so do
// the nodes where they were before.
func cleanInstances[C any](ctx context.Context, s *ChainSpec, clients func(topology.ID) C) error {
	var errs []error
	for i := range s.Stateful {
		one := &s.Stateful[i]
		ofPrograms := func(inv InvocationSpec) bool { return inv.Program && inv.Stateful == one.ID }
		gone, err := forget(ctx, one, s.Key+"/", clients)
		if slices.ContainsFunc(s.Invocations, ofPrograms) {
			forgetGone(ctx, one, s.Key+"/", clients, gone)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Forget makes an instance forget what it has of chains whose keys begin with prefix, wherever it is and was; with a
// prefix of its own ID, all.
func Forget[C any](ctx context.Context, one *Stateful, prefix string, clients func(topology.ID) C) error {
	gone, err := forget(ctx, one, prefix, clients)
	forgetGone(ctx, one, prefix, clients, gone)
	return err
}

// visits are the nodes that have had an instance, as far as they are known, and whether each was asked to forget.
type visits struct {
	nodes []topology.ID
	asked map[topology.ID]bool
}

// forget is Forget, of the nodes from where the instance is placed to where it is. One to which it has come back it had
// left for others as well, which the visits name.
func forget[C any](ctx context.Context, one *Stateful, prefix string, clients func(topology.ID) C) (*visits, error) {
	v := &visits{asked: map[topology.ID]bool{one.Origin: true}}
	return v, follow(one.Origin, one.ID, clients, func(r Residents, at Seat) (*Elsewhere, error) {
		to, gone, err := r.CleanOf(ctx, at, prefix)
		v.nodes = append(v.nodes, gone...)
		if to != nil {
			v.asked[to.Node] = true
		}
		if errors.Is(err, errMissing) { // of an instance that is forgotten, nothing is there
			err = nil
		}
		return to, err
	})
}

// forgetGone has the others forget as well: they have the calls of programs that they have executed, until the chains
// are over. One that does not answer has nothing any more, or loses it with the last of the chains. Agents say which
// nodes these are, and are believed as often as they are followed.
func forgetGone[C any](ctx context.Context, one *Stateful, prefix string, clients func(topology.ID) C, v *visits) {
	for i := 0; i < len(v.nodes) && len(v.asked) < maxMoves; i++ {
		node := v.nodes[i]
		if r, ok := any(clients(node)).(Residents); ok && !v.asked[node] {
			v.asked[node] = true
			_, gone, _ := r.CleanOf(ctx, Seat{ID: one.ID}, prefix)
			v.nodes = append(v.nodes, gone...)
		}
	}
}
