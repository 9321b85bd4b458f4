// Package placement decides which node executes each task of a workload: the study's two policies,
// load and load+net, step by step as its simulator carries them out, so that what is emulated and what
// is simulated is placed the same.
package placement

import (
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// Placement gives, for each job and task, the node that executes it, and the load that results.
type Placement struct {
	Client []topology.ID   // Client[job]
	Node   [][]topology.ID // Node[job][task]
	Load   map[topology.ID]int
}

// Network gives the time, in seconds, that a message takes; simnet has the study's.
type Network interface {
	Transfer(from, to topology.ID, bytes int64) float64
}

// Options say how tasks are placed.
type Options struct {
	Topology  *topology.Topology
	Seed      uint64
	Policy    Policy
	Speed     SpeedModel
	GPU       string        // model of the hosts that execute GPU functions; empty: DefaultGPU
	Nodes     []topology.ID // processing nodes; nil: all hosts
	Clients   []topology.ID // nil: all hosts of DefaultClients' models
	Functions int           // how many functions there are, f0 ...; 0: those that the jobs name
}

// Place places the jobs' tasks on nodes. It draws a client for every job, then takes the jobs in a drawn
// order and puts each task, in turn, on the node of its function's affinity that promises the smallest
// time. It fails where there is no client, or no node of an affinity that a task needs.
func Place(jobs []workload.Job, net Network, opts Options) (*Placement, error) {
	p, err := newPlacer(net, opts, functionNames(jobs, opts.Functions))
	if err != nil {
		return nil, err
	}
	return p.place(jobs)
}
