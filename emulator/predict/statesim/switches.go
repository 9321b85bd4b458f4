package statesim

import (
	"fmt"
	"strings"

	"testbed/emulator/placement"
	"testbed/emulator/topology"
)

// Switch takes one of the published simulator's assumptions otherwise.
type Switch struct {
	Name      string
	Published string // what the published simulator assumes
	Instead   string // what is assumed instead
	Value     string // what the switch needs after its name and "=", for people; empty: nothing
	set       func(c *Config, value string)
}

// Switches are all switches.
var Switches = []Switch{
	{
		Name: "arrivals", Published: "all jobs are simultaneous: a node is shared by all tasks ever placed on it",
		Instead: "as at the trace's arrivals, a task has its node alone",
		set:     func(c *Config, _ string) { c.Assumptions.Alone = true },
	},
	{
		Name: "idle-allocator", Published: "the allocator counts all tasks placed so far",
		Instead: "as at the trace's arrivals, it finds idle nodes, and a task has its node alone",
		set:     func(c *Config, _ string) { c.Assumptions.Alone, c.Assumptions.Idle = true, true },
	},
	{
		Name: "own-states", Published: "the allocator takes every call to carry all of its job's states",
		Instead: "it counts those that calls of the execution model carry",
		set:     func(c *Config, _ string) { c.Assumptions.OwnStates = true },
	},
	{
		Name: "cloud-path", Published: "the way to the cloud counts as one link in the traffic",
		Instead: "all links to the exchange count, and the one from there to the cloud",
		set:     func(c *Config, _ string) { c.Assumptions.CloudPath = true },
	},
	{
		Name: "central", Value: "HOST",
		Published: "of the hosts that tie for being central, the first keeps in-edge's states",
		Instead:   "another host keeps them",
		set:       func(c *Config, value string) { c.Assumptions.Central = value },
	},
	{
		Name: "store-per-premises", Published: "one host keeps in-edge's states for all clients",
		Instead: "a host in each premises keeps those of its clients",
		set:     func(c *Config, _ string) { c.Assumptions.Premises = true },
	},
	{
		Name: "cpu-speed", Published: "a node's speed is its memory in bytes",
		Instead: "it is a million operations per second for each thousandth of a core",
		set:     func(c *Config, _ string) { c.Speed = placement.SpeedCPU },
	},
	{
		Name: "worker-access", Published: "the client is charged for the way to states in cloud and edge",
		Instead: "the worker that uses them is",
		set:     func(c *Config, _ string) { c.Assumptions.Worker = true },
	},
	{
		Name:      "gpu-function",
		Published: "as many functions need a GPU as its share of all speed rounds to, which is none of ten",
		Instead:   "one of ten functions does",
		set:       func(c *Config, _ string) { c.Assumptions.GPUFunctions = (c.Functions + 9) / 10 },
	},
}

// Assume sets the switch of a name; central's is "central=HOST".
func (c *Config) Assume(word string) error {
	name, value, valued := strings.Cut(word, "=")
	var names []string
	for _, s := range Switches {
		if s.Name != name {
			names = append(names, s.Name)
			continue
		}
		if valued != (s.Value != "") || valued && value == "" {
			return fmt.Errorf("assumption %q: write %s", word, s.usage())
		}
		s.set(c, value)
		if at := c.Assumptions.Central; at != "" {
			if id, known := c.Topology.Lookup(at); !known || c.Topology.Vertices[id].Kind != topology.Host {
				return fmt.Errorf("assumption %q: there is no host %s", word, at)
			}
		}
		return nil
	}
	return fmt.Errorf("unknown assumption %q; write one of %s", word, strings.Join(names, ", "))
}

func (s *Switch) usage() string {
	if s.Value == "" {
		return s.Name
	}
	return s.Name + "=" + s.Value
}
