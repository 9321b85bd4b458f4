package faas

import (
	"context"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/topology"
)

// Locate finds the node where an instance is, and what its agent has of it.
func Locate[C any](ctx context.Context, clients func(topology.ID) C, one *Stateful) (
	at topology.ID, found InstanceStatus, err error,
) {
	at = one.Origin
	err = follow(at, one.ID, clients, func(r Residents, seat Seat) (*Elsewhere, error) {
		to, err := found.ask(ctx, r, seat)
		if to != nil {
			at = to.Node
		}
		return to, err
	})
	return at, found, err
}

// ask asks an agent what it has of an instance, and says where else it is.
func (s *InstanceStatus) ask(ctx context.Context, r Residents, seat Seat) (*Elsewhere, error) {
	all, err := r.Instances(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(s InstanceStatus) bool { return s.ID == seat.ID })
	if i < 0 {
		return nil, errNoInstance
	}
	if *s = all[i]; s.Here || s.Prepared && s.Epoch == seat.Epoch {
		return nil, nil
	}
	return &s.Place, nil
}

// MoveAt moves an instance from where it is. order.ID says which; From, Home, Epoch and Token are filled in; address
// gives a node's agent's. It fails where the instance is at the target already, or on its way. A target that does not
// take the announcement undoes the move.
func MoveAt[C any](ctx context.Context, clients func(topology.ID) C, address func(topology.ID) string,
	placed topology.ID, order Move,
) (from topology.ID, done *Moved, err error) {
	from = placed
	err = follow(placed, order.ID, clients, func(r Residents, at Seat) (*Elsewhere, error) {
		var found InstanceStatus
		to, err := found.ask(ctx, r, at)
		if err == nil && to == nil {
			order.From, order.Home, order.Epoch = from, address(from), at.Epoch
			if done, err = moveFrom(ctx, r, clients, &found, order); err == nil {
				to = done.Elsewhere
			}
		}
		if err == nil && to != nil {
			from = to.Node
		}
		return to, err
	})
	return from, done, err
}

// graceToRetract is how long a target is tried to be told that a move is over.
const graceToRetract = 5 * time.Second

// moveFrom moves an instance from where it was found: it is announced to the target, and what was to be forgotten while
// nobody had it is forgotten where it is in the end.
func moveFrom[C any](ctx context.Context, source Residents, clients func(topology.ID) C, found *InstanceStatus,
	order Move,
) (done *Moved, err error) {
	target, ok := any(clients(order.To)).(Residents)
	if !ok {
		return nil, fmt.Errorf("instance %s: the target: %w", order.ID, ErrNotSupported)
	}
	coming := announcementOf(found, &order)
	if order.Token = coming.Token; order.To != order.From {
		if err := target.Announce(ctx, coming); err != nil {
			return &Moved{Undone: shortened(fmt.Sprintf("announcing it to the target: %v", err))}, nil
		}
	}
	done, err = source.Move(ctx, order)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceToRetract)
	defer cancel()
	if order.To != order.From {
		_ = target.Retract(end, order.ID, order.Token) // a target that does not answer forgets it by and by
	}
	if err == nil {
		for _, prefix := range done.Later {
			_ = Forget(end, &found.Stateful, prefix, clients) // what this fails for goes with the last of the chains
		}
	}
	return done, err
}
