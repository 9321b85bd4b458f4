package cli

import (
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator/experiment"
	"testbed/emulator/orchestrator"
)

// bringUpFlags are those of the commands that make a testbed.
func bringUpFlags() []cli.Flag {
	return []cli.Flag{nameFlag(),
		&cli.StringFlag{Name: "runtime", Usage: "what runs a node: auto, docker or process (default: the scenario's)"},
		&cli.StringFlag{Name: "fabric", Usage: "what shapes and carries packets: auto, netem or userspace (default: the scenario's)"},
		&cli.BoolFlag{Name: "dry-run", Usage: "print what would be made, and make nothing"},
	}
}

func upCommand(s *State) *cli.Command {
	return &cli.Command{Name: "up", Aliases: []string{"deploy"}, Usage: "bring a scenario up as a testbed, and leave it running",
		ArgsUsage: "SCENARIO", Flags: append(bringUpFlags(), formatFlag()),
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err != nil {
				return err
			}
			e, req, err := requested(c, s)
			if err != nil {
				return err
			}
			if c.Bool("dry-run") {
				return dryRun(s, form, e, req)
			}
			if err := needRoot(s); err != nil {
				return err
			}
			show := newProgress(s)
			req.Progress = show.set
			bed, err := newHost(s).Up(c.Context, req)
			show.clear()
			if err != nil {
				return err
			}
			if form == "json" {
				return printJSON(s, bed.Journal)
			}
			err = printf(s.Stdout, "%s is up: %d nodes (%s), %d links (%s), in %.2f s\n", bed.Journal.Testbed, len(bed.Journal.Nodes),
				bed.Journal.Runtime, len(e.Topology.Links()), bed.Journal.Fabric, bed.Journal.Took.Round(10*time.Millisecond).Seconds())
			return err
		}}
}

// requested reads the scenario that the command names, with what its flags change.
func requested(c *cli.Context, s *State) (*experiment.Experiment, orchestrator.Request, error) {
	path, err := argument(c, "a scenario file")
	if err != nil {
		return nil, orchestrator.Request{}, err
	}
	e, err := prepare(s, path)
	if err != nil {
		return nil, orchestrator.Request{}, err
	}
	if err := checkMemory(e); err != nil {
		return nil, orchestrator.Request{}, err
	}
	name := c.String("name")
	if name == "" {
		name = e.Scenario.Name
	}
	if err := orchestrator.CheckName(name); err != nil {
		return nil, orchestrator.Request{}, usage(err)
	}
	if r := c.String("runtime"); r != "" {
		e.Scenario.Runtime = r
	}
	if f := c.String("fabric"); f != "" {
		e.Scenario.Fabric = f
	}
	req, err := request(s, e, name)
	return e, req, err
}

// dryRun prints the desired state.
func dryRun(s *State, form string, e *experiment.Experiment, req orchestrator.Request) error {
	desired, err := req.Desired()
	if err != nil {
		return err
	}
	if form == "json" {
		return printJSON(s, desired)
	}
	printNodes(s, desired.Nodes, nil)
	printQueues(s, desired.Links)
	err = printf(s.Stdout, "%s would be up with %d nodes and %d queues; nothing was made\n", req.Testbed, len(desired.Nodes), len(desired.Links))
	return err
}
