package cli

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/printable"
	"testbed/emulator/topology"
	"testbed/emulator/topology/synth"
	"testbed/emulator/workload"
)

func synthCommand(s *State) *cli.Command {
	return &cli.Command{Name: "synth", Usage: "synthesize a topology or a workload, as files",
		Subcommands: []*cli.Command{synthTopology(s), synthWorkload(s)},
		Action: func(c *cli.Context) error {
			return usagef("synth makes one of two things: testbed synth topology, or testbed synth workload")
		}}
}

func synthTopology(s *State) *cli.Command {
	kinds := s.catalogue().Names(catalogue.Synthesizers)
	return &cli.Command{Name: "topology", Usage: "write PREFIX.nodes, PREFIX.links and PREFIX.edges in ether's format",
		ArgsUsage: strings.Join(kinds, "|") + "|SCENARIO", Flags: []cli.Flag{
			&cli.StringFlag{
				Name:    "output",
				Aliases: []string{"o"},
				Usage:   "`PREFIX` of the files (default: the topology's name)",
			},
			choose(s, "format", "`FORMAT` of the files: %s", catalogue.Topologies).preset(defaultName(s, catalogue.Topologies)),
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`SEED` of what is drawn (urban-sensing: the neighbourhoods' sizes)"},
		},
		Action: func(c *cli.Context) error {
			what, err := argument(c, strings.Join(kinds, ", ")+" or a scenario file")
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
			return writeTopology(s, t, prefix, c.String("format"))
		}}
}

// synthesized is the topology of a synthesizer as published, or that of a scenario.
func synthesized(s *State, what string, seed uint64) (*topology.Topology, error) {
	if s.catalogue().Has(catalogue.Synthesizers, what) {
		synthesizer, err := synth.Synthesizers.Find(s.catalogue(), what)
		if err != nil {
			return nil, err
		}
		var p synth.Parameters
		if synthesizer.Resolve != nil {
			synthesizer.Resolve(&p, seed)
		}
		return synthesizer.Build(&p, s.catalogue().Defaults(catalogue.Synthesizers, what))
	}
	e, err := prepare(s, what)
	if err != nil {
		return nil, err
	}
	return e.Topology, nil
}

// writable is the entry of a kind of formats that a flag names; it fails where that cannot be written.
func writable[T any](s *State, k catalogue.Kind[T], flag string, can func(T) bool) (T, error) {
	var formats []string
	for _, f := range k.All(s.catalogue()) {
		if f.Name == flag && can(f.Does) {
			return f.Does, nil
		}
		if can(f.Does) {
			formats = append(formats, f.Name)
		}
	}
	var none T
	if _, err := k.Find(s.catalogue(), flag); err == nil {
		return none, usagef("the format %s can be read, not written; write %s", flag, either(formats))
	}
	return none, usagef("unknown format %q; write %s", flag, either(formats))
}

// writeTopology writes the files of a topology's edge network, and says which.
func writeTopology(s *State, t *topology.Topology, prefix, format string) error {
	f, err := writable(s, topology.Formats, format, func(f topology.Format) bool { return f.Write != nil })
	if err != nil {
		return err
	}
	texts := make([]bytes.Buffer, len(f.Suffixes))
	var files []io.Writer
	for i := range texts {
		files = append(files, &texts[i])
	}
	if err := f.Write(t, files); err != nil {
		return err
	}
	var errs []error
	for i, suffix := range f.Suffixes {
		errs = append(errs, outdir.WriteFile(prefix+suffix, texts[i].Bytes()))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	suffixes := strings.Join(f.Suffixes, ", ")
	return printf(s.Stdout, "%s%s: %s, %s\n", prefix, suffixes, printable.Count(len(t.Hosts()), "host"),
		printable.Count(len(t.Links()), "link"))
}

func synthWorkload(s *State) *cli.Command {
	return &cli.Command{Name: "workload", Usage: "write a trace, or of one job a workflow",
		Flags: []cli.Flag{
			&cli.IntFlag{
				Name:  "jobs",
				Value: 16749,
				Usage: "`JOBS` to synthesize; an hour of the trace that Spår was fitted to holds 16749",
			},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`SEED` of all that is drawn"},
			choose(s, "kind", "`KIND` of workload: %s", catalogue.Workloads).preset(defaultName(s, catalogue.Workloads)),
			choose(s, "format", "`FORMAT` of the trace: %s", catalogue.Traces).preset(defaultName(s, catalogue.Traces)),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write (default: standard output)"},
		},
		Action: func(c *cli.Context) error {
			if err := none(c); err != nil {
				return err
			}
			if c.Int("jobs") < 1 {
				return usagef("--jobs must be at least 1")
			}
			synthesizer, err := workload.Synthesizers.Find(s.catalogue(), c.String("kind"))
			if err != nil {
				return usage(err)
			}
			can := func(f workload.Format) bool { return f.Write != nil }
			format, err := writable(s, workload.Formats, c.String("format"), can)
			if err != nil {
				return err
			}
			options := s.catalogue().Defaults(catalogue.Workloads, c.String("kind"))
			trace, err := synthesizer.New(c.Int("jobs"), c.Uint64("seed"), options)
			if err != nil {
				return err
			}
			if c.String("output") == "" {
				return format.Write(s.exactOut(), trace)
			}
			var text bytes.Buffer
			if err := format.Write(&text, trace); err != nil {
				return err
			}
			return outdir.WriteFile(c.String("output"), text.Bytes())
		}}
}
