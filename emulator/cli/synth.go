package cli

import (
	"bytes"
	"errors"

	"github.com/urfave/cli/v2"

	"testbed/emulator/internal/outdir"
	"testbed/emulator/topology"
	"testbed/emulator/topology/ether"
	"testbed/emulator/topology/synth"
	"testbed/emulator/workload/spar"
)

func synthCommand(s *State) *cli.Command {
	return &cli.Command{Name: "synth", Usage: "synthesize a topology or a workload, as files",
		Subcommands: []*cli.Command{synthTopology(s), synthWorkload(s)},
		Action: func(c *cli.Context) error {
			return usagef("synth makes one of two things: testbed synth topology, or testbed synth workload")
		}}
}

func synthTopology(s *State) *cli.Command {
	return &cli.Command{Name: "topology", Usage: "write PREFIX.nodes, PREFIX.links and PREFIX.edges in ether's format",
		ArgsUsage: "iiot|urban-sensing|SCENARIO", Flags: []cli.Flag{
			&cli.StringFlag{
				Name:    "output",
				Aliases: []string{"o"},
				Usage:   "`PREFIX` of the files (default: the topology's name)",
			},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`SEED` of what is drawn (urban-sensing: the neighbourhoods' sizes)"},
		},
		Action: func(c *cli.Context) error {
			what, err := argument(c, "iiot, urban-sensing or a scenario file")
			if err != nil {
				return err
			}
			t, err := synthesized(s, what, c.Uint64("seed"))
			if err != nil {
				return err
			}
			prefix := c.String("output")
			if prefix == "" {
				prefix = t.Name
			}
			if err := writeEther(t, prefix); err != nil {
				return err
			}
			err = printf(s.Stdout, "%s.nodes, .links, .edges: %d hosts, %d links\n", prefix, len(t.Hosts()), len(t.Links()))
			return err
		}}
}

func synthesized(s *State, what string, seed uint64) (*topology.Topology, error) {
	switch what {
	case "iiot":
		return synth.DefaultIIoT().Build()
	case "urban-sensing":
		p := synth.DefaultUrbanSensing()
		p.Seed = seed
		return p.Build()
	}
	e, err := prepare(s, what)
	if err != nil {
		return nil, err
	}
	return e.Topology, nil
}

// writeEther writes the three files of a topology's edge network.
func writeEther(t *topology.Topology, prefix string) error {
	var nodes, links, edges bytes.Buffer
	if err := ether.Write(t, &nodes, &links, &edges); err != nil {
		return err
	}
	return errors.Join(
		outdir.WriteFile(prefix+".nodes", nodes.Bytes()),
		outdir.WriteFile(prefix+".links", links.Bytes()),
		outdir.WriteFile(prefix+".edges", edges.Bytes()))
}

func synthWorkload(s *State) *cli.Command {
	return &cli.Command{Name: "workload", Usage: "write a trace in Spår's format",
		Flags: []cli.Flag{
			&cli.IntFlag{
				Name:  "jobs",
				Value: 16749,
				Usage: "`JOBS` to synthesize; an hour of the trace that Spår was fitted to holds 16749",
			},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`SEED` of all that is drawn"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write (default: standard output)"},
		},
		Action: func(c *cli.Context) error {
			if err := none(c); err != nil {
				return err
			}
			if c.Int("jobs") < 1 {
				return usagef("--jobs must be at least 1")
			}
			trace := spar.Synthesize(c.Int("jobs"), c.Uint64("seed"))
			if c.String("output") == "" {
				return spar.Write(s.exactOut(), trace)
			}
			var text bytes.Buffer
			if err := spar.Write(&text, trace); err != nil {
				return err
			}
			return outdir.WriteFile(c.String("output"), text.Bytes())
		}}
}
