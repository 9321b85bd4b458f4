package cli

import (
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/machines"
	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func planCommand(s *State) *cli.Command {
	return &cli.Command{Name: "plan", ArgsUsage: "SCENARIO",
		Usage: "say how a scenario would be spread over several machines, before anything is made (no root)",
		Description: "Links below the floor and shared media are never cut; what they join goes to machines by weight, so " +
			"that little\ncrosses. Ends with 2 where the scenario cannot be cut so, and names the links that prevent it.",
		Flags: []cli.Flag{formatFlag(), machinesFlag(),
			floorFlag(),
			&cli.BoolFlag{Name: "by-rates", Usage: "judge what crosses by links' rates, not by the bytes of the workload"}},
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err != nil {
				return err
			}
			path, err := argument(c, "a scenario file")
			if err != nil {
				return err
			}
			if !c.IsSet("machines") {
				return usagef("plan needs --machines, such as --machines 3 or --machines ssh://a,ssh://b")
			}
			options, err := cutOptions(c)
			if err != nil {
				return err
			}
			options.ByRates = c.Bool("by-rates")
			e, err := prepare(s, path)
			if err != nil {
				return reportErrors(s, form, err)
			}
			found, err := s.host().Cut(c.Context, e, *options)
			if err != nil {
				return err
			}
			spread := newSpread(e.Source.Name, e.Topology, options.Floor, found)
			if form == "json" {
				err = printJSON(s, spread)
			} else {
				err = printSpread(s, spread)
			}
			return errors.Join(err, found.Refusal(e.Source.Name))
		}}
}

func machinesFlag() cli.Flag {
	return &cli.StringFlag{Name: "machines",
		Usage: "`MACHINES`: a number of like ones; or NAME[=WEIGHT],... (Docker contexts), ssh://[USER@]HOST[=WEIGHT],..., " +
			"unix:///SOCKET; or swarm, those of the Swarm that Docker manages here"}
}

// spread is how a scenario would be spread over machines.
type spread struct {
	Name      string           `json:"name"`
	FloorNS   time.Duration    `json:"floor_ns"`
	Machines  []spreadMachine  `json:"machines"`
	Nodes     []spreadNode     `json:"nodes"` // in the topology's order; empty: there is no cut
	Crossings []spreadCrossing `json:"crossings"`
	// CrossingShare is what crosses of all traffic over links, in [0, 1]; TrafficOf says what traffic is: workload, bytes
	// that the plans of its chains transfer under all models; rates, bit/s that queues can carry; empty: there is no cut.
	CrossingShare float64         `json:"crossing_share"`
	TrafficOf     string          `json:"traffic_of"`
	Parts         []int           `json:"parts"` // hosts and cloud of each part that cannot be split, descending
	Notes         []string        `json:"notes"`
	Unfit         []string        `json:"unfit"`
	Refused       []spreadProblem `json:"refused"`
}

// spreadMachine is a machine with what it would carry.
type spreadMachine struct {
	machines.Machine
	Nodes       int            `json:"nodes"`    // hosts, and the cloud
	Forwards    int            `json:"forwards"` // switches and exchanges
	Share       float64        `json:"share"`    // of what its weight would have it carry; 1: exactly that
	CPU         float64        `json:"nodes_cpus"`
	NodesMemory units.ByteSize `json:"nodes_memory_bytes"`
	Traffic     float64        `json:"traffic"` // through the queues that it owns
	Out         float64        `json:"traffic_out"`
	In          float64        `json:"traffic_in"`
}

type spreadNode struct {
	Node    string `json:"node"`
	Kind    string `json:"kind"`
	Machine string `json:"machine"`
}

type spreadCrossing struct {
	machines.Crossing
	Class   string        `json:"class"`
	From    string        `json:"from_machine_name"`
	To      string        `json:"to_machine_name"`
	Floor   time.Duration `json:"floor_ns"`
	Traffic float64       `json:"traffic"`
}

type spreadProblem struct {
	Problem string       `json:"problem"`
	Links   []spreadHeld `json:"links"`
	Remedy  string       `json:"remedy"`
}

type spreadHeld struct {
	Link    string        `json:"link"`
	Delay   time.Duration `json:"delay_ns"`
	Shared  bool          `json:"shared"`
	Segment bool          `json:"segment"`       // of hosts that ask for hardware addresses
	Why     string        `json:"why,omitempty"` // what attaches a host there for a while
}

// newSpread puts together what is printed.
func newSpread(name string, t *topology.Topology, floor time.Duration, c *emulator.Cut) *spread {
	p := &spread{Name: name, FloorNS: floor, Nodes: []spreadNode{}, Crossings: []spreadCrossing{},
		Parts: []int{}, Notes: []string{}, Unfit: append([]string{}, c.Unfit...), Refused: []spreadProblem{}}
	names := machines.Names(c.Machines)
	for i := range c.Machines {
		m := spreadMachine{Machine: c.Machines[i]}
		m.Name, m.Weight = names[i], c.Machines[i].Share()
		if c.Result != nil {
			l := &c.Loads[i]
			m.Nodes, m.Forwards, m.Share, m.CPU = l.Nodes, l.Forwards, l.Share, float64(l.CPU)/1000
			m.NodesMemory, m.Traffic, m.Out, m.In = l.Memory, l.Traffic, l.Out, l.In
		}
		p.Machines = append(p.Machines, m)
	}
	for i := range c.Refused {
		r := spreadProblem{Problem: c.Refused[i].Text, Remedy: c.Refused[i].Remedy, Links: []spreadHeld{}}
		for _, h := range c.Refused[i].Links {
			r.Links = append(r.Links, spreadHeld(h))
		}
		p.Refused = append(p.Refused, r)
	}
	if c.Result != nil {
		p.add(t, c, names)
	}
	return p
}

// add takes the cut over.
func (p *spread) add(t *topology.Topology, c *emulator.Cut, names []string) {
	if p.TrafficOf = "rates"; c.Planned {
		p.TrafficOf = "workload"
	}
	p.CrossingShare, p.Parts, p.Notes = c.Share, append(p.Parts, c.Parts...), append(p.Notes, c.Notes...)
	for i := range t.Vertices {
		if v := &t.Vertices[i]; v.Kind != topology.Link {
			p.Nodes = append(p.Nodes, spreadNode{v.Name, v.Kind.String(), names[c.Partition.Of[v.Name]]})
		}
	}
	for _, x := range c.Crossings {
		one := spreadCrossing{Crossing: x.Crossing, From: names[x.FromMachine], To: names[x.ToMachine], Floor: x.Floor,
			Traffic: x.Traffic}
		if id, ok := t.Lookup(x.Link); ok {
			one.Class = t.Vertices[id].Class
		}
		p.Crossings = append(p.Crossings, one)
	}
}
