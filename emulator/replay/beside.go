package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
)

// copiedBytes are the sizes of the states that Beside hands over, and copiedTimes how often each: the first time memory
// has to be found for it, which takes several times as long as later.
var copiedBytes = []int64{200_000, 400_000, 800_000, 1_600_000}

const copiedTimes = 5

// Beside measures what a replay takes that is in no message, by chains of one state within the node id, whose client
// is given: perByte is what a byte of a state takes, in s, that a node hands to a function of its own or gets back
// from it, and between what a chain's states take before and after it, in s: to be made, checked and forgotten. Both
// are medians. key must be unique, as for faas.NewChainSpec.
func Beside(ctx context.Context, client Agent, id topology.ID, key string) (perByte, between float64, err error) {
	var bytes, pauses []float64
	for round := range copiedTimes {
		for _, size := range copiedBytes {
			one, pause, err := copying(ctx, client, id, size, fmt.Sprintf("%s/%d/%d", key, round, size))
			if err != nil {
				return 0, 0, fmt.Errorf("what it takes a node to copy a state of %d bytes: %w", size, err)
			}
			bytes, pauses = append(bytes, one/float64(size)), append(pauses, pause)
		}
	}
	slices.Sort(bytes)
	slices.Sort(pauses)
	return bytes[len(bytes)/2], pauses[len(pauses)/2], nil
}

// copying is half of what request and response of one state take, and what was done before and after, in seconds.
func copying(
	ctx context.Context, client Agent, id topology.ID, size int64, key string,
) (took, around float64, err error) {
	spec := &faas.ChainSpec{
		Key: key, Job: "empty", Client: id, StateBytes: []int64{size}, Steps: 3,
		Invocations: []faas.InvocationSpec{{
			Function: "empty", Node: id, Steps: []int{0, 1, 2},
			States: []faas.AccessSpec{{Bytes: size, Location: plan.Carried, Node: id}},
		}},
	}
	control := func(topology.ID) Agent { return client }
	begin := time.Now()
	if err := faas.Seed(ctx, spec, control); err != nil {
		return 0, 0, err
	}
	around = time.Since(begin).Seconds()
	rooms := faas.Rooms{}
	rooms.Need(spec)
	if err := client.Warm(ctx, []faas.WarmSpec{{Room: rooms[id]}}); err != nil { // as the replay does
		return 0, 0, err
	}
	result, err := emptyCall(ctx, client, spec)
	if err == nil && result.Error != "" {
		err = errors.New(result.Error)
	}
	begin = time.Now()
	if err == nil {
		_, err = faas.Check(ctx, spec, control)
	}
	err = errors.Join(err, faas.Clean(context.WithoutCancel(ctx), spec, control))
	if err != nil {
		return 0, 0, err
	}
	return result.Network().Seconds() / 2, around + time.Since(begin).Seconds(), nil
}
