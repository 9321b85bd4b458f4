package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/fabric"
	"testbed/emulator/scenario"
	"testbed/emulator/topology"
)

func linkCommand(s *State) *cli.Command {
	return &cli.Command{Name: "link", Usage: "show and change links while a testbed is up",
		Description: `LINK and NAME are names, patterns such as 'wifi*', or class:NAME for all of a class.
While a run is under way, what is changed stays below its events, and is recorded in the run.`,
		Subcommands: []*cli.Command{
			{
				Name:      "show",
				Usage:     "what is in force, as the fabric says, with counters",
				ArgsUsage: "[LINK...]",
				Flags:     []cli.Flag{nameFlag(), formatFlag()},
				Action:    func(c *cli.Context) error { return linkShow(c, s) },
			},
			{
				Name:      "set",
				Usage:     "change what is given and keep the rest: testbed link set wifi rate=10Mbps loss.up=1%",
				ArgsUsage: "LINK... KEY=VALUE...",
				Flags:     []cli.Flag{nameFlag(), formatFlag()},
				Action:    func(c *cli.Context) error { return linkSet(c, s) },
			},
			{
				Name:      "reset",
				Usage:     "make links as the scenario says, and up",
				ArgsUsage: "LINK...",
				Flags: []cli.Flag{
					nameFlag(), formatFlag(), &cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Usage: "all links"},
				},
				Action: func(c *cli.Context) error { return linkReset(c, s) },
			},
			{
				Name:      "down",
				Usage:     "let links, hosts or switches carry nothing",
				ArgsUsage: "NAME...",
				Flags:     []cli.Flag{nameFlag(), formatFlag()},
				Action:    func(c *cli.Context) error { return carry(c, s, false) },
			},
			{
				Name:      "up",
				Usage:     "let them carry packets again",
				ArgsUsage: "NAME...",
				Flags:     []cli.Flag{nameFlag(), formatFlag()},
				Action:    func(c *cli.Context) error { return carry(c, s, true) },
			},
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
	ids, err := emulator.Select(network.Topology, c.Args().Slice(), topology.Link)
	if err != nil {
		return err
	}
	status, err := bed.Fabric.Inspect(c.Context)
	if err != nil {
		return fmt.Errorf("asking the fabric of %s: %w", bed.Journal.Testbed, err)
	}
	queues := status.Queues
	if c.NArg() > 0 {
		queues = slices.DeleteFunc(queues, func(q fabric.QueueStatus) bool {
			id, _ := network.Topology.Lookup(q.Link)
			return !slices.Contains(ids, id)
		})
	}
	if form == "json" {
		return printJSON(s, queues)
	}
	printQueues(s, queues)
	return printDown(s, &network)
}

func linkSet(c *cli.Context, s *State) error {
	links, values := split(c.Args().Slice())
	if len(links) == 0 || len(values) == 0 {
		return usagef("link set takes links and what to set: testbed link set LINK... KEY=VALUE...")
	}
	properties, err := scenario.ParseProperties(values)
	if err != nil {
		return usage(err)
	}
	return changed(c, s, func(bed *emulator.Bed) error { return bed.SetLinks(c.Context, s.origin(), links, properties) })
}

// split tells links from what is to be set of them.
func split(args []string) (links, values []string) {
	for _, a := range args {
		if strings.Contains(a, "=") {
			values = append(values, a)
		} else {
			links = append(links, a)
		}
	}
	return links, values
}

func linkReset(c *cli.Context, s *State) error {
	if (c.NArg() == 0) != c.Bool("all") {
		return usagef("link reset takes the names of links, or --all")
	}
	return changed(c, s, func(bed *emulator.Bed) error { return bed.ResetLinks(c.Context, s.origin(), c.Args().Slice()) })
}

func carry(c *cli.Context, s *State, packets bool) error {
	if c.NArg() == 0 {
		return usagef("link %s takes the names of links, hosts or switches", c.Command.Name)
	}
	return changed(c, s, func(bed *emulator.Bed) error {
		return bed.Carry(c.Context, s.origin(), c.Args().Slice(), packets)
	})
}

// changed changes a testbed, and prints what is wanted otherwise than before.
func changed(c *cli.Context, s *State, change func(*emulator.Bed) error) error {
	form, err := format(c)
	if err != nil {
		return err
	}
	bed, err := opened(c, s)
	if err != nil {
		return err
	}
	before, err := bed.Network()
	if err != nil {
		return err
	}
	if err := change(bed); err != nil {
		return err
	}
	warnAbsent(s, bed)
	if form != "json" {
		return nil
	}
	after, err := bed.Network()
	if err != nil {
		return err
	}
	differences := fabric.Changes(after, before)
	if differences == nil {
		differences = []fabric.Difference{}
	}
	return printJSON(s, struct {
		Testbed string              `json:"testbed"`
		Changed []fabric.Difference `json:"changed"`
	}{bed.Journal.Testbed, differences})
}
