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
package statesim

import (
	"errors"
	"fmt"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/placement/simnet"
	"testbed/emulator/plan"
	"testbed/emulator/topology"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// Config is what all replications of a campaign have in common.
type Config struct {
	Topology     *topology.Topology
	Pool         []workload.Job // chains from which each replication draws
	Functions    int            // how many functions there are, f0 ...
	CloudLatency time.Duration  // one way
	CloudRate    units.BitRate  // each way
	Speed        placement.SpeedModel
	GPU          string        // model of the hosts with GPUs; empty: placement.DefaultGPU
	Clients      []topology.ID // nil: the study's
	Nodes        []topology.ID `json:",omitempty"` // that execute functions; nil: all hosts
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
	config    Config
	allocator *placement.Allocator
	functions map[string]placement.Affinity
	node      []int32 // node[topology.ID]: index into the allocator's nodes, -1 for others
	net       network
	central   topology.ID
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
	if s.central, err = paths.Central(); err != nil {
		return nil, fmt.Errorf("statesim: %w", err)
	}
	s.functions = allocator.Functions(workload.FunctionNames(c.Functions))
	for i := range s.node {
		s.node[i] = -1
	}
	for n, id := range allocator.Nodes() {
		s.node[id] = int32(n)
	}
	s.net = network{paths: paths, latency: c.CloudLatency.Seconds(), rate: float64(c.CloudRate)}
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
			errs = append(errs, fmt.Errorf("job %s is not a chain; the published simulator knows nothing else", job.Name))
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

// Replication is one seeded draw of jobs, placed: what all models of a seed and policy have in common.
type Replication struct {
	Jobs      []workload.Job
	Placement *placement.Placement
	sim       *Simulator
}

// Replicate draws about the given number of jobs from the pool and places them.
func (s *Simulator) Replicate(jobs int, seed uint64, policy placement.Policy) (*Replication, error) {
	drawn := workload.Select(s.config.Pool, jobs, seed)
	place, err := s.allocator.Allocate(drawn, s.functions, seed, policy)
	if err != nil {
		return nil, fmt.Errorf("statesim: seed %d, %s: %w", seed, policy, err)
	}
	return &Replication{Jobs: drawn, Placement: place, sim: s}, nil
}

// Rows evaluates the replication under a model, one row a job.
func (r *Replication) Rows(m plan.Model) ([]Row, error) {
	evaluate, ok := models[m]
	if !ok {
		return nil, fmt.Errorf("statesim: unknown execution model %q; write one of %v", m, plan.Models)
	}
	rows := make([]Row, len(r.Jobs))
	e := evaluation{sim: r.sim}
	for i := range r.Jobs {
		e.job, e.client, e.nodes = &r.Jobs[i], r.Placement.Client[i], r.Placement.Node[i]
		e.row = Row{Length: r.Jobs[i].Length()}
		e.processing(r.Placement.Load)
		evaluate(&e)
		rows[i] = e.row
	}
	return rows, nil
}

// Loads is the number of tasks placed on each node, in the order of names.
func (r *Replication) Loads() []int {
	nodes := r.sim.allocator.Nodes()
	loads := make([]int, len(nodes))
	for n, id := range nodes {
		loads[n] = r.Placement.Load[id]
	}
	return loads
}
