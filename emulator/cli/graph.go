package cli

import (
	"errors"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"testbed/emulator/report/graph"
	"testbed/emulator/report/run"
	"testbed/emulator/topology"
)

func graphCommand(s *State) *cli.Command {
	return &cli.Command{Name: "graph", Usage: "draw a topology with rates and delays (no root)", ArgsUsage: "SCENARIO|RUN",
		Flags: []cli.Flag{&cli.StringFlag{
			Name:    "format",
			Aliases: []string{"f"},
			Value:   "dot",
			Usage:   "`FORMAT` of the output: dot, mermaid or svg",
		}},
		Action: func(c *cli.Context) error {
			draw, ok := map[string]func(*graph.Network) string{
				"dot": (*graph.Network).DOT, "mermaid": (*graph.Network).Mermaid,
				"svg": func(n *graph.Network) string { return n.SVG(nil) },
			}[c.String("format")]
			if !ok {
				return usagef("unknown format %q: write dot, mermaid or svg", c.String("format"))
			}
			path, err := argument(c, "a scenario file or a run's directory")
			if err != nil {
				return err
			}
			unsound := checkRun(s, path)
			t, err := topologyAt(s, path)
			if err != nil {
				return errors.Join(unsound, err)
			}
			_, err = io.WriteString(s.Stdout, draw(graph.Of(t)))
			return errors.Join(unsound, err)
		}}
}

// topologyAt is a scenario's topology, or the one that a run had.
func topologyAt(s *State, path string) (*topology.Topology, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		t, _, err := run.Topology(path, s.catalogue())
		return t, usage(err)
	}
	sc, err := load(s, path)
	if err != nil {
		return nil, err
	}
	t, err := sc.Topology()
	return t, usage(err)
}
