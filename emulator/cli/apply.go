package cli

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator/experiment"
	"testbed/emulator/fabric"
	"testbed/emulator/internal/shell"
	"testbed/emulator/orchestrator"
	"testbed/emulator/timeline"
	"testbed/emulator/topology"
)

func applyCommand(s *State) *cli.Command {
	return &cli.Command{Name: "apply", Usage: "make a testbed that is up as an edited scenario says, touching only what changed",
		ArgsUsage: "SCENARIO", Flags: []cli.Flag{nameFlag(), formatFlag(),
			&cli.BoolFlag{Name: "dry-run", Usage: "print what would change, and change nothing"}},
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err != nil {
				return err
			}
			e, request, err := requested(c, s)
			if err != nil {
				return err
			}
			if err := needRoot(s); err != nil {
				return err
			}
			bed, err := newHost(s).Open(c.Context, request.Testbed)
			if err != nil {
				return err
			}
			changes, err := reapply(c, s, bed, e, request)
			if err != nil {
				return err
			}
			if form == "json" {
				return printJSON(s, changes)
			}
			verb := "changed"
			if c.Bool("dry-run") {
				verb = "would be changed"
			}
			for _, queue := range changes.Queues {
				_ = printf(s.Stdout, "%s\n", queue)
			}
			err = printf(s.Stdout, "%s: %d queues %s; nodes keep running, and the next replay takes the file's workload\n",
				request.Testbed, len(changes.Queues), verb)
			return err
		}}
}

// applied is what `testbed apply` did.
type applied struct {
	Testbed string   `json:"testbed"`
	Queues  []string `json:"queues"` // link and direction of those that changed
	DryRun  bool     `json:"dry_run"`
}

// reapply makes the network as the scenario says. It changes nothing where nodes would have to be made anew.
func reapply(c *cli.Context, s *State, bed *orchestrator.Testbed, e *experiment.Experiment, request orchestrator.Request) (applied, error) {
	result := applied{Testbed: request.Testbed, Queues: []string{}, DryRun: c.Bool("dry-run")}
	before, err := prepare(s, bed.ScenarioFile())
	if err != nil {
		return result, err
	}
	network, err := bed.Network()
	if err != nil {
		return result, err
	}
	channels, structural := timeline.Diff(network.Topology, e.Topology)
	structural = append(structural, nodeChanges(before, e)...)
	if len(structural) > 0 {
		return result, rebuild(request.Testbed, structural)
	}
	for _, channel := range channels {
		result.Queues = append(result.Queues, queueName(e.Topology.Vertices[channel.Link], channel.Dir))
	}
	if result.DryRun {
		return result, nil
	}
	return result, bed.Reapply(c.Context, request, func(n *fabric.Network) error {
		n.Topology, n.Queues = e.Topology, e.Topology.QueueLimits()
		n.Down, n.Partition = nil, nil
		return nil
	})
}

// rebuild is the error of a change that takes other nodes or other links.
func rebuild(testbed string, structural []string) error {
	const shown = 5
	text := strings.Join(structural[:min(shown, len(structural))], ", ")
	if more := len(structural) - shown; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return fmt.Errorf("%s: this takes other nodes or links than are up: `testbed down --name %s`, then `testbed up`",
		text, shell.Quote(testbed))
}

// queueName is a link with, where it has two queues, the direction.
func queueName(v topology.Vertex, dir int) string {
	if v.LinkType != topology.Duplex {
		return v.Name
	}
	return v.Name + []string{" up", " down"}[dir]
}

// nodeChanges lists the nodes that would be started otherwise now.
func nodeChanges(before, after *experiment.Experiment) []string {
	stations, err := orchestrator.Stations(after.Topology)
	if err != nil {
		return []string{err.Error()}
	}
	var changed []string
	for _, station := range stations {
		id, ok := before.Topology.Lookup(station.Name)
		if !ok {
			continue // a structural difference, which is told otherwise
		}
		old := station
		old.ID = id
		if !reflect.DeepEqual(nodeConfig(before, old, ""), nodeConfig(after, station, "")) {
			changed = append(changed, fmt.Sprintf("node %s: its speed, compute, image or limits differ", station.Name))
		}
	}
	return changed
}
