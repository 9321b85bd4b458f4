package cli

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/printable"
	"testbed/emulator/orchestrator"
)

func applyCommand(s *State) *cli.Command {
	return &cli.Command{
		Name:  "apply",
		Usage: "make a testbed that is up as an edited scenario says, and mend what is not as it was made",
		Description: `Compares what is observed of nodes and links with what the scenario says, and touches only what differs:
nodes and links come and go, dead and restarted nodes and a killed fabric are mended, what link set, tc or docker
changed by hand is as the scenario says afterwards. Nodes that stay keep their addresses and go on. A node is
replaced where its speed, compute, image or limits differ, and loses what is in it.
While a run is under way only links change.`,
		ArgsUsage: "SCENARIO", Flags: []cli.Flag{nameFlag(), formatFlag(), quietFlag(),
			&cli.BoolFlag{Name: "dry-run", Usage: "print what would change, and change nothing"}},
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err != nil {
				return err
			}
			e, options, err := requested(c, s)
			if err != nil {
				return err
			}
			bed, err := openedAs(c, s, options.Name)
			if err != nil {
				return err
			}
			var found *orchestrator.Reconciliation
			if c.Bool("dry-run") {
				found, err = bed.Plan(c.Context, e)
			} else {
				show := newProgress(c, s)
				found, err = bed.Apply(c.Context, s.origin(), e, show.at)
				show.clear()
			}
			if err != nil {
				return err
			}
			result := applied{Testbed: options.Name, Queues: queueNames(found), DryRun: c.Bool("dry-run"), Reconciliation: found}
			if form == "json" {
				return printJSON(s, result)
			}
			return result.print(s)
		}}
}

// applied is what `testbed apply` did.
type applied struct {
	Testbed string   `json:"testbed"`
	Queues  []string `json:"queues"` // link and direction of those that changed
	DryRun  bool     `json:"dry_run"`
	*orchestrator.Reconciliation
}

// queueNames are the queues that are made otherwise, each once.
func queueNames(found *orchestrator.Reconciliation) []string {
	names := []string{}
	for _, d := range slices.Concat(found.Wanted, found.Links) {
		if name := queueName(d); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// queueName is a link with who uses the queue.
func queueName(d fabric.Difference) string { return d.Link + " from " + d.From }

func (a *applied) print(s *State) error {
	for _, part := range []struct {
		what  string
		names []string
	}{{"start", a.Start}, {"stop", a.Stop}, {"replace", a.Replace}, {"rejoin", a.Adopt}} {
		for _, name := range part.names {
			if err := printf(s.Stdout, "%s node %s\n", part.what, name); err != nil {
				return err
			}
		}
	}
	if a.Reconciliation.Fabric != "" {
		if err := printf(s.Stdout, "make the network anew: %s\n", a.Reconciliation.Fabric); err != nil {
			return err
		}
	}
	for _, name := range a.Queues {
		if err := printf(s.Stdout, "change %s\n", name); err != nil {
			return err
		}
	}
	for _, name := range a.Paused {
		if err := printf(s.Stdout, "note: node %s is paused, and left so\n", name); err != nil {
			return err
		}
	}
	verb := "changed"
	if a.DryRun {
		verb = "would be changed"
	}
	nodes := len(a.Start) + len(a.Stop) + len(a.Replace) + len(a.Adopt)
	return printf(s.Stdout, "%s: %s %s; the others keep running, and the next replay takes the file's workload\n",
		a.Testbed, fmt.Sprintf("%s and %s", printable.Count(nodes, "node"), printable.Count(len(a.Queues), "queue")), verb)
}
