// Package placement decides which node executes each task of a workload: the study's two policies,
// load and load+net, step by step as its simulator carries them out, so that what is emulated and what
// is simulated is placed the same.
package placement

import (
	"errors"

	"testbed/emulator/placement/simnet"
	"testbed/emulator/topology"
	"testbed/emulator/workload"
)

// ErrNoNodes is wrapped where tasks or jobs have nowhere to go.
var ErrNoNodes = errors.New("no suitable host")

// Placement gives, for each job and task, the node that executes it, and the load that results.
type Placement struct {
	Client []topology.ID   // Client[job]
	Node   [][]topology.ID // Node[job][task]
	Load   map[topology.ID]int
}

// Network gives the paths between hosts; simnet.Network has the study's.
type Network interface {
	// Class is the class of the path, simnet.None where there is none. Paths of one class are alike.
	Class(from, to topology.ID) simnet.Class
	// Rates are the rates, in bit/s, of the links on a path of the class, in order.
	Rates(simnet.Class) []float32
}

// Options say how tasks are placed.
type Options struct {
	Topology  *topology.Topology
	Seed      uint64 // of the draw of clients and of the order of jobs
	Rule      Rule   // the policy
	Speed     SpeedModel
	GPU       string        // model of the hosts that execute GPU functions; empty: DefaultGPU
	Nodes     []topology.ID // processing nodes; nil: all hosts
	Exclude   []topology.ID // hosts that execute nothing; not looked at in Clients
	Clients   []topology.ID // the order matters for the draw; nil: what Clients gives
	Functions int           // how many functions there are, f0 ...; 0: those that the jobs name
}

// Place places the jobs' tasks on nodes. It draws a client for every job, then takes the jobs in a drawn
// order and puts each task, in turn, on the node of its function's affinity that promises the smallest
// time under the load so far. It fails where there is no client, or no node that a task could use.
func Place(jobs []workload.Job, net Network, opts Options) (*Placement, error) {
	a, err := NewAllocator(net, opts)
	if err != nil {
		return nil, err
	}
	functions := a.Functions(functionNames(jobs, opts.Functions))
	return a.allocate(jobs, functions, opts.Seed, opts.Rule)
}
