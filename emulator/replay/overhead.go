package replay

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"testbed/emulator/faas"
	"testbed/emulator/plan"
	"testbed/emulator/record"
)

// Overhead measures what an empty function costs: the agent behind client invokes itself, and the worker
// at the given address across the network, calls times each after one that is not counted. The result
// holds medians. key must be unique, as for faas.NewChainSpec.
func Overhead(
	ctx context.Context, client Agent, worker netip.AddrPort, calls int, key string,
) (record.Overhead, error) {
	self, err := emptyCalls(ctx, client, "", calls, key+"/self")
	if err != nil {
		return record.Overhead{}, fmt.Errorf("overhead of a node's invoking itself: %w", err)
	}
	pair, err := emptyCalls(ctx, client, worker.String(), calls, key+"/pair")
	if err != nil {
		return record.Overhead{}, fmt.Errorf("overhead of invoking %s: %w", worker, err)
	}
	return record.Overhead{
		Calls: calls,
		Self:  median(self, func(r *faas.ChainResult) time.Duration { return r.Latency() }),
		Pair:  median(pair, func(r *faas.ChainResult) time.Duration { return r.Latency() }),
		Rest:  median(pair, func(r *faas.ChainResult) time.Duration { return r.Latency() - r.Network() - r.Processing() }),
		Step:  median(pair, func(r *faas.ChainResult) time.Duration { return r.Network() / 2 }),
	}, nil
}

func emptyCalls(ctx context.Context, client Agent, worker string, calls int, key string) ([]*faas.ChainResult, error) {
	if calls < 1 {
		return nil, errors.New("at least one call is needed")
	}
	spec := &faas.ChainSpec{
		Key: key, Job: "empty", Steps: 3,
		Invocations: []faas.InvocationSpec{{Function: "empty", Worker: worker, Steps: []int{0, 1, 2}}},
	}
	var results []*faas.ChainResult
	for i := range calls + 1 {
		result, err := emptyCall(ctx, client, spec)
		if err == nil && result.Error != "" {
			err = errors.New(result.Error)
		}
		if err != nil {
			return nil, err
		}
		if len(result.Steps) != 3 || result.Steps[1].Role != plan.Execute {
			return nil, fmt.Errorf("%d steps measured, not 3", len(result.Steps))
		}
		if i > 0 {
			results = append(results, result)
		}
	}
	return results, nil
}

// callTime is how long an empty function is waited for: more than any network's delay.
const callTime = 2 * time.Minute

func emptyCall(ctx context.Context, client Agent, spec *faas.ChainSpec) (*faas.ChainResult, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, callTime, fmt.Errorf("not finished after %v", callTime))
	defer cancel()
	return client.Run(ctx, spec)
}

// median is the median of a duration over all results, in seconds.
func median(results []*faas.ChainResult, of func(*faas.ChainResult) time.Duration) float64 {
	all := make([]time.Duration, len(results))
	for i, r := range results {
		all[i] = of(r)
	}
	slices.Sort(all)
	middle := len(all) / 2
	if len(all)%2 == 1 {
		return all[middle].Seconds()
	}
	return (all[middle-1] + all[middle]).Seconds() / 2
}
