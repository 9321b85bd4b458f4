package canary

import (
	"context"
	"errors"
	"fmt"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
)

// Start makes the canary's network by f, and begins to probe. The name is that of the fabric's testbed. All that it
// makes ends with this process: its namespaces have no names, and what carries the packets depends on it. What is left
// of one whose process was killed is removed first.
func Start(ctx context.Context, f fabric.Fabric, name string) (*Canary, error) {
	w, remove, err := prepare(ctx, f, name)
	if err != nil {
		return nil, fmt.Errorf("the canary's network: %w", err)
	}
	c := &Canary{account: newAccount(), probes: w, every: often, done: make(chan struct{}), remove: remove}
	if _, ok := f.(fabric.Dependent); ok {
		c.every = seldom
	}
	c.begin()
	return c, nil
}

// prepare makes the network with a socket at each end. After an error nothing is left.
func prepare(
	ctx context.Context, f fabric.Fabric, name string,
) (w *wire, remove func(context.Context) error, err error) {
	var spaces []*netns.Held
	clean := func(ctx context.Context) error {
		failed := []error{f.Close(context.WithoutCancel(ctx))}
		for _, s := range spaces {
			failed = append(failed, s.Close())
		}
		return errors.Join(failed...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, clean(ctx))
		}
	}()
	var refs [2]netns.Ref
	for i := range refs {
		s, err := netns.Hold()
		if err != nil {
			return nil, nil, err
		}
		spaces, refs[i] = append(spaces, s), s.Ref()
	}
	if err := f.Close(ctx); err != nil {
		return nil, nil, err
	}
	n, err := network(name, refs)
	if err != nil {
		return nil, nil, err
	}
	if d, ok := f.(fabric.Dependent); ok {
		d.Depend()
	}
	if err := f.Apply(ctx, n); err != nil {
		return nil, nil, err
	}
	w, err = newWire(refs)
	return w, clean, err
}
