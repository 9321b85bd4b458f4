package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"testbed/emulator/faas"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// copied are the sizes of the states that Copying hands over, in bytes. Each is of a class of its own of the agents'
// buffers, as a chain's states mostly are, so that memory has to be found for it.
func copied() []int64 {
	var sizes []int64
	for size := 200_000.; size < 1.7e6; size *= 1.26 {
		sizes = append(sizes, int64(size))
	}
	return sizes
}

// Copying measures what a byte of a state takes, in seconds, that the node id hands to a function of its own or gets
// back from it: the median over states of several sizes. client is the node's; key must be unique, as for
// faas.NewChainSpec.
func Copying(ctx context.Context, client Agent, id topology.ID, key string) (float64, error) {
	var all []float64
	for i, size := range copied() {
		one, err := copying(ctx, client, id, size, fmt.Sprintf("%s/%d", key, i))
		if err != nil {
			return 0, fmt.Errorf("what it takes a node to copy a state of %d bytes: %w", size, err)
		}
		all = append(all, one/float64(size))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// copying is half of what request and response of one state take, in seconds.
func copying(ctx context.Context, client Agent, id topology.ID, size int64, key string) (took float64, err error) {
	spec := &faas.ChainSpec{
		Key: key, Job: "empty", Client: id, StateBytes: []int64{size}, Steps: 3,
		Invocations: []faas.InvocationSpec{{
			Function: "empty", Node: id, Steps: []int{0, 1, 2},
			States: []faas.AccessSpec{{Bytes: size, Location: plan.Carried, Node: id}},
		}},
	}
	control := func(topology.ID) Agent { return client }
	defer func() { err = errors.Join(err, faas.Clean(context.WithoutCancel(ctx), spec, control)) }()
	if err := faas.Seed(ctx, spec, control); err != nil {
		return 0, err
	}
	result, err := emptyCall(ctx, client, spec)
	if err == nil && result.Error != "" {
		err = errors.New(result.Error)
	}
	if err != nil {
		return 0, err
	}
	return result.Network().Seconds() / 2, nil
}
