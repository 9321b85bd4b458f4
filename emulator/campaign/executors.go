package campaign

import (
	"slices"

	"testbed/emulator/placement"
	"testbed/emulator/predict/statesim"
)

// Executed says who executes the tasks of a replication.
type Executed struct {
	Jobs   int // the load
	Seed   uint64
	Policy placement.Policy
	Shares []placement.Share // by class of hosts
}

// Executors place the jobs of the first replication of the largest load under each policy.
func (c *Config) Executors() ([]Executed, error) {
	sim, err := statesim.New(c.Simulation)
	if err != nil {
		return nil, err
	}
	jobs := slices.Max(c.Jobs)
	draw, err := sim.Draw(jobs, c.Seed)
	if err != nil {
		return nil, err
	}
	may := c.Simulation.Nodes
	if may == nil {
		may = c.Simulation.Topology.Hosts()
	}
	var all []Executed
	for _, policy := range c.Policies {
		r, err := draw.Place(policy)
		if err != nil {
			return nil, err
		}
		all = append(all, Executed{jobs, c.Seed, policy, r.Placement.Shares(c.Simulation.Topology, r.Jobs, may)})
	}
	return all, nil
}
