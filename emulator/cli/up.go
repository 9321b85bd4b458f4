package cli

import (
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/catalogue"
	"testbed/emulator/orchestrator"
	"testbed/emulator/resolved"
)

// bringUpFlags are those of the commands that make a testbed.
func bringUpFlags(s *State) []cli.Flag {
	return []cli.Flag{nameFlag(),
		choose(s, "runtime", "what runs a node: %s (default: the scenario's)", catalogue.Runtimes, "auto"),
		choose(s, "fabric", "what shapes and carries packets: %s (default: the scenario's)", catalogue.Fabrics, "auto"),
		&cli.BoolFlag{Name: "dry-run", Usage: "print what would be made, and make nothing"},
	}
}

func upCommand(s *State) *cli.Command {
	return &cli.Command{Name: "up", Aliases: []string{"deploy"},
		Usage:     "bring a scenario up as a testbed, and leave it running",
		ArgsUsage: "SCENARIO", Flags: append(bringUpFlags(s), formatFlag(), quietFlag()),
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err != nil {
				return err
			}
			e, options, err := requested(c, s)
			if err != nil {
				return err
			}
			if c.Bool("dry-run") {
				return dryRun(s, form, e, options)
			}
			_, bed, show, err := bringUp(c, s, e, options)
			if err != nil {
				return err
			}
			show.clear()
			if form == "json" {
				return printJSON(s, bed.Journal)
			}
			j := bed.Journal
			err = printf(s.Stdout, "%s is up: %d nodes (%s), %d links (%s), in %.2f s\n",
				j.Testbed, len(j.Nodes), j.Runtime, len(e.Topology.Links()), j.Fabric,
				j.Took.Round(10*time.Millisecond).Seconds())
			return err
		}}
}

// requested reads the scenario that the command names, and what its flags change.
func requested(c *cli.Context, s *State) (*resolved.Scenario, emulator.UpOptions, error) {
	options := emulator.UpOptions{Name: c.String("name"), Runtime: c.String("runtime"), Fabric: c.String("fabric")}
	path, err := argument(c, "a scenario file")
	if err != nil {
		return nil, options, err
	}
	e, err := prepare(s, path)
	if err != nil {
		return nil, options, err
	}
	if options.Name == "" {
		options.Name = e.Source.Name
	}
	if err := orchestrator.CheckName(options.Name); err != nil {
		return nil, options, usage(err)
	}
	return e, options, emulator.CheckMemory(e)
}

// dryRun prints the desired state.
func dryRun(s *State, form string, e *resolved.Scenario, options emulator.UpOptions) error {
	desired, err := s.host().Desired(e, options)
	if err != nil {
		return err
	}
	if form == "json" {
		return printJSON(s, desired)
	}
	nodes := make([]orchestrator.NodeStatus, len(desired.Nodes))
	for i, n := range desired.Nodes {
		nodes[i].NodeRecord = n
	}
	printNodes(s, nodes)
	printQueues(s, desired.Links)
	return printf(s.Stdout, "%s would be up with %d nodes and %d queues; nothing was made\n", desired.Testbed,
		len(desired.Nodes), len(desired.Links))
}
