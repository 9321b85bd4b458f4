package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"testbed/emulator/fabric"
	"testbed/emulator/orchestrator"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

func linkCommand(s *State) *cli.Command {
	return &cli.Command{Name: "link", Usage: "show and change links while a testbed is up",
		Subcommands: []*cli.Command{
			{Name: "show", Usage: "what is in force, as the fabric says, with counters", ArgsUsage: "[LINK...]",
				Flags: []cli.Flag{nameFlag(), formatFlag()}, Action: func(c *cli.Context) error { return linkShow(c, s) }},
			{Name: "set", Usage: "change what is given and keep the rest: testbed link set wifi rate=10Mbps loss.up=1%",
				ArgsUsage: "LINK KEY=VALUE...", Flags: []cli.Flag{nameFlag()}, Action: func(c *cli.Context) error { return linkSet(c, s) }},
			{Name: "reset", Usage: "make links as the scenario says, and up", ArgsUsage: "LINK...",
				Flags:  []cli.Flag{nameFlag(), &cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Usage: "all links"}},
				Action: func(c *cli.Context) error { return linkReset(c, s) }},
			{Name: "down", Usage: "let links, hosts or switches carry nothing", ArgsUsage: "NAME...",
				Flags: []cli.Flag{nameFlag()}, Action: func(c *cli.Context) error { return carry(c, s, false) }},
			{Name: "up", Usage: "let them carry packets again", ArgsUsage: "NAME...",
				Flags: []cli.Flag{nameFlag()}, Action: func(c *cli.Context) error { return carry(c, s, true) }},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("no command link %q; `testbed link help` lists them", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
}

func linkShow(c *cli.Context, s *State) error {
	form, err := format(c)
	if err != nil {
		return err
	}
	bed, err := opened(c, s)
	if err != nil {
		return err
	}
	network, err := bed.Network()
	if err != nil {
		return err
	}
	if _, err := vertices(network.Topology, c.Args().Slice(), isLink); err != nil {
		return err
	}
	status, err := bed.Fabric.Inspect(c.Context)
	if err != nil {
		return fmt.Errorf("asking the fabric of %s: %w", bed.Journal.Testbed, err)
	}
	queues := status.Queues
	if c.NArg() > 0 {
		queues = slices.DeleteFunc(queues, func(q fabric.QueueStatus) bool { return !slices.Contains(c.Args().Slice(), q.Link) })
	}
	if form == "json" {
		return printJSON(s, queues)
	}
	printQueues(s, queues)
	return nil
}

func linkSet(c *cli.Context, s *State) error {
	if c.NArg() < 2 {
		return usagef("link set takes a link and what to set: testbed link set LINK KEY=VALUE...")
	}
	properties, err := scenario.ParseProperties(c.Args().Tail())
	if err != nil {
		return usage(err)
	}
	return change(c, s, func(n *fabric.Network) error {
		ids, err := vertices(n.Topology, c.Args().Slice()[:1], isLink)
		if err != nil {
			return err
		}
		v := &n.Topology.Vertices[ids[0]]
		if err := properties.Merge(&v.Shape, v.LinkType); err != nil {
			return usage(fmt.Errorf("link %s: %w", v.Name, err))
		}
		requeue(n, ids)
		return nil
	})
}

func linkReset(c *cli.Context, s *State) error {
	if (c.NArg() == 0) != c.Bool("all") {
		return usagef("link reset takes the names of links, or --all")
	}
	if err := needRoot(s); err != nil {
		return err
	}
	bed, e, err := openExperiment(c, s)
	if err != nil {
		return err
	}
	return bed.Change(c.Context, func(n *fabric.Network) error {
		names := c.Args().Slice()
		if c.Bool("all") {
			for _, id := range n.Topology.Links() {
				names = append(names, n.Topology.Vertices[id].Name)
			}
			n.Down, n.Partition = nil, nil
		}
		ids, err := vertices(n.Topology, names, isLink)
		if err != nil {
			return err
		}
		for _, id := range ids {
			n.Topology.Vertices[id].Shape = e.Topology.Vertices[id].Shape
		}
		n.Down = slices.DeleteFunc(n.Down, func(id topology.ID) bool { return slices.Contains(ids, id) })
		requeue(n, ids)
		return nil
	})
}

func carry(c *cli.Context, s *State, packets bool) error {
	if c.NArg() == 0 {
		return usagef("link %s takes the names of links, hosts or switches", c.Command.Name)
	}
	return change(c, s, func(n *fabric.Network) error {
		ids, err := vertices(n.Topology, c.Args().Slice(), func(topology.Vertex) bool { return true })
		if err != nil {
			return err
		}
		n.Down = slices.DeleteFunc(n.Down, func(id topology.ID) bool { return slices.Contains(ids, id) })
		if !packets {
			n.Down = append(n.Down, ids...)
		}
		return nil
	})
}

// opened is the testbed that a command is about.
func opened(c *cli.Context, s *State) (*orchestrator.Testbed, error) {
	if err := needRoot(s); err != nil {
		return nil, err
	}
	return newHost(s).Open(c.Context, c.String("name"))
}

func change(c *cli.Context, s *State, alter func(*fabric.Network) error) error {
	bed, err := opened(c, s)
	if err != nil {
		return err
	}
	return bed.Change(c.Context, alter)
}

func isLink(v topology.Vertex) bool { return v.Kind == topology.Link }

// vertices finds the vertices named. What does not exist is the user's to mend.
func vertices(t *topology.Topology, names []string, fits func(topology.Vertex) bool) ([]topology.ID, error) {
	t.Reindex()
	var ids []topology.ID
	var unknown []error
	for _, name := range names {
		id, ok := t.Lookup(name)
		if !ok || !fits(t.Vertices[id]) {
			unknown = append(unknown, usagef("there is no link %q; `testbed link show` lists them", name))
			continue
		}
		ids = append(ids, id)
	}
	return ids, errors.Join(unknown...)
}

// requeue gives the links' queues the room that their new rates and delays want, or that was set.
func requeue(n *fabric.Network, links []topology.ID) {
	for channel, limit := range n.Topology.QueueLimits() {
		if slices.Contains(links, channel.Link) {
			n.Queues[channel] = limit
		}
	}
}
