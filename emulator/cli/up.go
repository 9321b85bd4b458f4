package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/catalogue"
	"testbed/emulator/internal/printable"
	"testbed/emulator/machines"
	"testbed/emulator/machines/cut"
	"testbed/emulator/orchestrator"
	"testbed/emulator/resolved"
)

// bringUpFlags are those of the commands that make a testbed.
func bringUpFlags(s *State) []cli.Flag {
	return []cli.Flag{nameFlag(),
		choose(s, "runtime", "`RUNTIME` that runs a node: %s (default: the scenario's)", catalogue.Runtimes, "auto"),
		choose(s, "fabric",
			"`FABRIC` that shapes and carries packets: %s (default: the scenario's)", catalogue.Fabrics, "auto"),
		&cli.BoolFlag{Name: "dry-run", Usage: "print what would be made, and make nothing"},
		&cli.StringFlag{Name: "machines", Usage: "spread it over `MACHINES`: NAME[=WEIGHT],... (Docker contexts), " +
			"ssh://[USER@]HOST[=WEIGHT],..., unix:///SOCKET; or swarm, those of the Swarm that Docker manages here; " +
			"`testbed plan` says beforehand how"},
		&cli.StringFlag{Name: "image", Usage: "with --machines: an `IMAGE` that holds this program as /testbed, which the " +
			"machines' engines have (default: this program makes one and loads it)"},
		floorFlag(),
	}
}

func floorFlag() cli.Flag {
	return &cli.DurationFlag{Name: "floor", Value: cut.DefaultFloor,
		Usage: "the least `DELAY` of a link that may be cut between machines, such as 2ms"}
}

// onMachines are the machines that the command's flags name; nil: this one.
func onMachines(c *cli.Context) (*emulator.CutOptions, error) {
	if !c.IsSet("machines") {
		for _, flag := range []string{"image", "floor"} {
			if c.IsSet(flag) {
				return nil, usagef("--%s is for testbeds on several machines: name them by --machines", flag)
			}
		}
		return nil, nil
	}
	return cutOptions(c)
}

// cutOptions are what --machines and --floor say.
func cutOptions(c *cli.Context) (*emulator.CutOptions, error) {
	spec, err := machines.Parse(c.String("machines"))
	if err != nil {
		return nil, usagef("--machines: %w", err)
	}
	floor := c.Duration("floor")
	if floor <= 0 || floor > time.Hour {
		return nil, usagef("--floor %v is not between 0 and an hour", floor)
	}
	return &emulator.CutOptions{Machines: spec, Floor: floor}, nil
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
				return dryRun(c, s, form, e, options)
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
			return printf(s.Stdout, "%s is up: %s (%s), %s (%s)%s, in %.2f s\n",
				j.Testbed, printable.Count(len(j.Nodes), "node"), j.Runtime,
				printable.Count(len(e.Topology.Links()), "link"), j.Fabric, across(bed),
				j.Took.Round(10*time.Millisecond).Seconds())
		}}
}

// across says on how many machines a testbed is, where these are several.
func across(bed *emulator.Bed) string {
	list := bed.MachineStatuses()
	if len(list) == 0 {
		return ""
	}
	shares := make([]string, len(list))
	for i, m := range list {
		shares[i] = fmt.Sprintf("%d on %s", m.Nodes, m.Name)
	}
	return fmt.Sprintf(", over %s (%s)", printable.Count(len(list), "machine"), strings.Join(shares, ", "))
}

// requested reads the scenario that the command names, and what its flags change.
func requested(c *cli.Context, s *State) (*resolved.Scenario, emulator.UpOptions, error) {
	options := emulator.UpOptions{Name: c.String("name"), Runtime: c.String("runtime"), Fabric: c.String("fabric"),
		Image: c.String("image")}
	path, err := argument(c, "a scenario file")
	if err != nil {
		return nil, options, err
	}
	if options.Machines, err = onMachines(c); err != nil {
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
func dryRun(c *cli.Context, s *State, form string, e *resolved.Scenario, options emulator.UpOptions) error {
	desired, err := s.host().Desired(c.Context, e, options)
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
	printNodes(s, nodes, nil)
	printQueues(s, desired.Links)
	return printf(s.Stdout, "%s would be up with %s and %s; nothing was made\n", desired.Testbed,
		printable.Count(len(desired.Nodes), "node"), printable.Count(len(desired.Links), "queue"))
}
