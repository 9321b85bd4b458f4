package replay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"testbed/emulator/faas"
	"testbed/emulator/topology"
)

// atOnce bounds how many nodes open their connections at the same time.
const atOnce = 16

// warm opens the connections that all chains use, each node its own.
func (r *replay) warm(ctx context.Context) error {
	connections := r.Connections
	if connections <= 0 {
		connections = r.Arrival.Connections()
	}
	var all []*faas.ChainSpec
	for _, specs := range r.specs {
		all = append(all, specs...)
	}
	return r.connect(ctx, all, connections)
}

// anew opens new connections for one chain, in place of those that others have used: their congestion windows would
// make it faster than it is alone. Its nodes find the memory that it needs. Where chains may be in each other's way it
// does nothing.
func (r *replay) anew(ctx context.Context, spec *faas.ChainSpec) error {
	if !r.Arrival.Alone() {
		return nil
	}
	return r.connect(ctx, []*faas.ChainSpec{spec}, max(r.Connections, 1))
}

// connect makes nodes open connections. Those of which the chains need nothing but replicas may be away.
func (r *replay) connect(ctx context.Context, specs []*faas.ChainSpec, connections int) error {
	peers := r.peers(specs, connections)
	spared := func(id topology.ID, err error) bool {
		return !slices.ContainsFunc(specs, func(s *faas.ChainSpec) bool { return !s.OnlyReplica(ctx, id, err) })
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	slots := make(chan struct{}, atOnce)
	for _, id := range slices.Sorted(maps.Keys(peers)) {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			limited, cancel := context.WithTimeoutCause(ctx, r.Timeout, fmt.Errorf("not finished after %v", r.Timeout))
			defer cancel()
			if err := r.Clients(id).Warm(limited, peers[id]); err != nil && !spared(id, err) {
				name, _ := r.Name(id)
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("node %s: %w", name, err))
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// peers lists, for each node, the addresses that it sends the chains' requests to, and what memory a chain needs there.
func (r *replay) peers(specs []*faas.ChainSpec, connections int) map[topology.ID][]faas.WarmSpec {
	if r.Cold {
		connections = 0
	}
	known := map[faas.Pair]bool{}
	peers := map[topology.ID][]faas.WarmSpec{}
	rooms := faas.Rooms{}
	for _, spec := range specs {
		rooms.Need(spec)
		for _, pair := range spec.Pairs() {
			if known[pair] {
				continue
			}
			known[pair] = true
			peers[pair.From] = append(peers[pair.From],
				faas.WarmSpec{Address: pair.Address, Connections: connections, Bytes: r.WarmBytes, Fresh: true,
					Replica: pair.Replica})
		}
	}
	if !r.Cold {
		for id, sizes := range rooms {
			peers[id] = append(peers[id], faas.WarmSpec{Room: sizes})
		}
	}
	return peers
}
