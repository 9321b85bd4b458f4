// Package placement decides which node executes each task of a workload.
package placement

import "testbed/emulator/topology"

// Placement gives, for each job and task, the node that executes it, and the load that results.
type Placement struct {
	Client []topology.ID   // Client[job]
	Node   [][]topology.ID // Node[job][task]
	Load   map[topology.ID]int
}
