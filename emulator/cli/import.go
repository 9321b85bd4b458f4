package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/printable"
	"testbed/emulator/scenario"
	"testbed/emulator/workload"
	"testbed/emulator/workload/rows"
)

// Bounds of a list of jobs in a scenario: see scenario.Workload and scenario.Job.
const (
	mostImported = 100_000
	latestImport = 24 * time.Hour
)

func importCommand(s *State) *cli.Command {
	return &cli.Command{Name: "import",
		Usage: "write the jobs of a trace as workload.jobs, a part of a scenario, or the network of another tool as a " +
			"scenario",
		ArgsUsage: "TRACE|NETWORK", Flags: []cli.Flag{
			choose(s, "format", "`FORMAT` of the file: %s (default: the one that its content is in)", catalogue.Traces,
				s.catalogue().Names(catalogue.Networks)...),
			&cli.IntFlag{Name: "jobs", Usage: "draw `JOBS` of the trace's jobs, all different (default: all)"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`SEED` of that draw"},
			&cli.GenericFlag{Name: "set", Value: &texts{},
				Usage: "give a key of a scenario's workload or, of networks, of topology.import a value: `KEY=VALUE`, such as " +
					"shape=chain, tasks=all, size-factor=0.1, defaults.rate=1Gbps or hosts.per-node=2 (may be repeated; shape is " +
					"dag and stateless is keep unless they are set)"},
			&cli.StringFlag{Name: "cloud", Usage: "of networks: the `NODE` that forwards at which the scenario has a cloud, " +
				"or hosts, for a link from each host"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write (default: standard output)"},
		},
		Action: func(c *cli.Context) error {
			path, err := argument(c, "a trace or a network")
			if err != nil {
				return err
			}
			kind, format, err := importAs(s, path, c.String("format"))
			if err != nil {
				return usage(err)
			}
			write := importTrace
			if kind == catalogue.Networks {
				write = importNetwork
			}
			text, notes, err := write(s, c, path, format)
			if err != nil {
				return usage(err)
			}
			for _, note := range notes {
				_ = printf(s.Stderr, "note: %s\n", note)
			}
			if c.String("output") == "" {
				_, err := s.exactOut().Write(text)
				return err
			}
			return outdir.WriteFile(c.String("output"), text)
		}}
}

// importTrace writes the jobs of a trace as a section of a scenario, and gives what a user should know of them.
func importTrace(s *State, c *cli.Context, path, format string) ([]byte, []string, error) {
	var set *scenario.JobSet
	sc, err := importing(s, c, path, format)
	switch {
	case c.IsSet("cloud"):
		err = fmt.Errorf("--cloud has a meaning for networks, and %s is a trace: leave it out", path)
	case err == nil:
		set, err = imported(sc)
	}
	if err != nil && format == "" && !s.catalogue().Has(catalogue.Shipped, path) { // nothing recognized it
		err = fmt.Errorf("%s begins as no network in one of %s does; where it is one, name its format with --format; as a "+
			"trace: %w", path, strings.Join(s.catalogue().Names(catalogue.Networks), ", "), err)
	}
	if err != nil {
		return nil, nil, err
	}
	var text bytes.Buffer
	err = writeImport(&text, c, path, set)
	return text.Bytes(), set.Notes, err
}

// importing is a scenario with the trace as its workload.
func importing(s *State, c *cli.Context, path, format string) (*scenario.Scenario, error) {
	settings := []scenario.Setting{{Key: "workload.trace", Value: strconv.Quote(path), From: "TRACE"}}
	if format != "" { // named, so that its options can be set
		settings = append(settings, scenario.Setting{Key: "workload.format", Value: format, From: "--format"})
	}
	if c.IsSet("jobs") {
		settings = append(settings,
			scenario.Setting{Key: "workload.jobs", Value: strconv.Itoa(c.Int("jobs")), From: "--jobs"},
			scenario.Setting{Key: "workload.draw", Value: string(workload.DrawExact), From: "--jobs"})
	}
	for _, text := range given(c, "set") {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("--set %s: write KEY=VALUE", text)
		}
		settings = append(settings, scenario.Setting{Key: "workload." + key, Value: value, From: "--set " + text})
	}
	const base = "name: import\ntopology: {synth: iiot}\nworkload: {shape: dag, stateless: keep, seed: %d}\n"
	text := fmt.Sprintf(base, c.Uint64("seed"))
	sc, _, err := scenario.Adapt([]byte(text), "import", s.catalogue(), settings...)
	return sc, err
}

// imported are the jobs to be written, of which the first arrives at 0.
func imported(sc *scenario.Scenario) (*scenario.JobSet, error) {
	trace, err := sc.Trace()
	if err != nil {
		return nil, err
	}
	if n := sc.Pool(trace); n > mostImported && sc.Workload.Jobs == 0 {
		return nil, fmt.Errorf("the trace has %d jobs, and a scenario takes %d: draw some of them with --jobs",
			n, mostImported)
	}
	set, err := sc.Draw(trace)
	if err != nil {
		return nil, err
	}
	first := slices.MinFunc(set.Jobs, byArrival).Arrival
	for i := range set.Jobs {
		set.Jobs[i].Arrival -= first
	}
	if last := slices.MaxFunc(set.Jobs, byArrival); last.Arrival > latestImport {
		set.Notes = append(set.Notes, fmt.Sprintf("the job %s arrives %v after the first, and a scenario takes %v: "+
			"take those of a shorter time, as with --set until=24h", last.Name, last.Arrival, latestImport))
	}
	if n := beyond(set.Jobs); n > 0 {
		set.Notes = append(set.Notes, fmt.Sprintf("%d task%s with more than 1 GiB of argument or result, which a scenario "+
			"refuses: lower the factor of sizes, as with --set size-factor=0.1 or --set arg-factor=1e5", n, rows.Plural(n)))
	}
	return set, nil
}

// beyond is the number of tasks of which a size is larger than a scenario allows.
func beyond(jobs []workload.Job) (n int) {
	const most = 1 << 30
	var outputs []int64
	for i := range jobs {
		outputs = jobs[i].Outputs(outputs)
		for k := range jobs[i].Tasks {
			if jobs[i].Tasks[k].Argument > most || outputs[k] > most {
				n++
			}
		}
	}
	return n
}

func byArrival(a, b workload.Job) int { return cmp.Compare(a.Arrival, b.Arrival) }

// writeImport writes jobs with what they were made of.
func writeImport(to io.Writer, c *cli.Context, path string, set *scenario.JobSet) error {
	options := setTexts(c)
	if _, err := fmt.Fprintf(to, "# Of %s: %d of %s%s.\n", printable.Line(filepath.Base(path)),
		len(set.Jobs), printable.Count(set.Pool, "job"), printable.Line(options)); err != nil {
		return err
	}
	for _, note := range set.Notes {
		if _, err := fmt.Fprintf(to, "# %s\n", printable.Line(note)); err != nil {
			return err
		}
	}
	return scenario.WriteJobs(to, slices.Values(set.Jobs))
}
