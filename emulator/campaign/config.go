package campaign

import (
	"fmt"
	"slices"
	"time"

	"testbed/emulator/placement"
	"testbed/emulator/predict/statesim"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
	"testbed/emulator/units"
	"testbed/emulator/workload"
)

// Simulation is the simulator's configuration for a scenario: its edge network, all stateful chains of
// its workload as the pool, its clients, notion of speed and cloud. What the simulator does not know, such
// as delays and loss inside the edge network, is left out. Notes say what a user should know of it.
func Simulation(s *scenario.Scenario) (c statesim.Config, notes []string, err error) {
	if s.Programs() {
		return c, nil, fmt.Errorf("scenario %s: functions that are programs have no place in the published simulator: "+
			"take the engine transport, or let all functions be builtin", s.Name)
	}
	t, err := s.Topology()
	if err != nil {
		return c, nil, err
	}
	everything := *s
	everything.Workload.Jobs = 0
	set, err := everything.Jobs()
	if err != nil {
		return c, nil, err
	}
	if err := writtenChains(s, set.Jobs); err != nil {
		return c, nil, err
	}
	notes = append(notes, set.Notes...)
	c = statesim.DefaultConfig(t, set.Jobs)
	if draw := workload.Draw(s.Workload.Draw); draw.Exact() {
		c.Draw = draw
	}
	c.Functions = s.Workload.Functions
	c.Speed = placement.SpeedModel(s.Placement.Speed)
	c.Clients = s.Clients(t)
	if len(s.Placement.Hosts) > 0 {
		c.Nodes = s.Executors(t)
	}
	if cloud, ok := t.Cloud(); ok && len(c.Clients) > 0 {
		var same bool
		if c.CloudLatency, c.CloudRate, same = distance(t, c.Clients, cloud); !same {
			notes = append(notes,
				"the cloud is not at the same distance from all clients; the simulator takes the first one's way to it")
		}
	}
	return c, notes, nil
}

// writtenChains says which of the jobs that a scenario lists is a DAG, of which the simulator knows nothing.
func writtenChains(s *scenario.Scenario, jobs []workload.Job) error {
	for i := range jobs {
		if s.Workload.Written() && !jobs[i].Chain() {
			return fmt.Errorf("scenario %s: the job %s of workload.jobs is a DAG, and statesim knows chains only: "+
				"take the engine transport, or let each of its tasks wait for the one before", s.Name, jobs[i].Name)
		}
	}
	return nil
}

// distance is the way from the clients to the cloud, and whether it is the same for all of them.
func distance(
	t *topology.Topology, clients []topology.ID, cloud topology.ID,
) (latency time.Duration, rate units.BitRate, same bool) {
	tree := t.TreeTo(cloud)
	hops, latency := tree.Hops(nil, clients[0])
	rate = t.Bottleneck(hops)
	same = !slices.ContainsFunc(clients, func(c topology.ID) bool {
		hops, delay := tree.Hops(nil, c)
		return delay != latency || t.Bottleneck(hops) != rate
	})
	return latency, rate, same
}
