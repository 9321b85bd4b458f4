// Package statesim is the published simulator of the study (statesim v1.1.1), number for number: from
// the same trace, topology and seed it writes the same files, byte for byte.
//
// Its model of the world is simpler than any network: messages are stored and forwarded whole, nothing
// propagates except to the cloud, nothing queues, and a node divides its speed by the number of all tasks
// that were ever placed on it. What is peculiar about it is kept, and named where it is:
//
//   - a node's speed is its memory (placement.SpeedAsPublished),
//   - a path is the reverse of the shortest path back (placement/simnet),
//   - the client, not the worker, is charged for the access to a state repository (models.go),
//   - float32 for capacities, quotients and processing times, float64 for sums.
//
// What its results rest on can be taken otherwise, one assumption at a time (Switches).
package statesim

import (
	"errors"
	"fmt"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/topology"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// Config is what all replications of a campaign have in common.
type Config struct {
	Topology     *topology.Topology
	Pool         []workload.Job // chains from which each replication draws
	Draw         workload.Draw  `json:",omitempty"` // how; empty: about as many as asked for
	Functions    int            // how many functions there are, f0 ...
	CloudLatency time.Duration  // one way
	CloudRate    units.BitRate  // each way
	Speed        placement.SpeedModel
	GPU          string        // model of the hosts with GPUs; empty: placement.DefaultGPU
	Clients      []topology.ID // nil: the study's
	Nodes        []topology.ID `json:",omitempty"` // that execute functions; nil: all hosts
	Assumptions  Assumptions   `json:",omitzero"`  // part of campaigns' fingerprints only where one is not as published
}

// DefaultConfig has the study's parameters for a topology and a pool of chains.
func DefaultConfig(t *topology.Topology, pool []workload.Job) Config {
	return Config{
		Topology: t, Pool: pool, Functions: 10, CloudLatency: 60 * time.Millisecond, CloudRate: 50 * units.Mbps,
		Speed: placement.SpeedAsPublished,
	}
}

// Simulator runs replications. It is safe for concurrent use.
type Simulator struct {
	config     Config
	allocator  *placement.Allocator
	affinities [][]placement.Affinity // of the pool's tasks
	node       []int32                // node[topology.ID]: index into the allocator's nodes, -1 for others
	net        network
	central    topology.ID
	stores     map[topology.ID]topology.ID // of in-edge, by client, where there are several
	cloudLinks map[topology.ID]int64       // links to the cloud; nil: one, from everywhere
}

// New prepares the simulation of a configuration: paths, the central node, classes of hosts.
func New(c Config) (*Simulator, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("statesim: %w", err)
	}
	paths := simnet.New(c.Topology)
	allocator, err := placement.NewAllocator(paths, placement.Options{
		Topology: c.Topology, Speed: c.Speed, GPU: c.GPU, Clients: c.Clients, Nodes: c.Nodes,
	})
	if err != nil {
		return nil, fmt.Errorf("statesim: %w", err)
	}
	s := &Simulator{config: c, allocator: allocator, node: make([]int32, len(c.Topology.Vertices))}
	for i := range s.node {
		s.node[i] = -1
	}
	for n, id := range allocator.Nodes() {
		s.node[id] = int32(n)
	}
	s.net = network{paths: paths, latency: c.CloudLatency.Seconds(), rate: float64(c.CloudRate)}
	if err := s.assume(paths); err != nil {
		return nil, fmt.Errorf("statesim: %w", err)
	}
	return s, nil
}

func (c Config) validate() error {
	var errs []error
	if c.Topology == nil {
		errs = append(errs, errors.New("no topology given"))
	}
	if c.Functions < 1 {
		errs = append(errs, fmt.Errorf("there are %d functions; at least one is needed", c.Functions))
	}
	if c.CloudRate <= 0 || c.CloudLatency < 0 {
		errs = append(errs, fmt.Errorf("the cloud has rate %v and latency %v; "+
			"write a positive rate and a latency that is not negative",
			c.CloudRate, c.CloudLatency))
	}
	for i := range c.Pool {
		if job := &c.Pool[i]; !job.Chain() || job.Length() == 0 {
			errs = append(errs, fmt.Errorf("job %s is not a chain, and the published simulator knows nothing else: "+
				"write workload.shape: chain", job.Name))
			break
		}
	}
	return errors.Join(errs...)
}

// Row is what the simulator writes of a job.
type Row struct {
	Processing float64 // s, sum over the job's tasks
	Network    float64 // s, sum over the job's transfers
	Traffic    int64   // bytes times links, sum over the job's transfers
	Length     int     // tasks
}
