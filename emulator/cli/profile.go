package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/catalogue"
	"testbed/emulator/internal/outdir"
	"testbed/emulator/internal/printable"
	"testbed/emulator/orchestrator"
	"testbed/emulator/profile"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
	"testbed/emulator/scenario"
	"testbed/emulator/units"
)

func profileCommand(s *State) *cli.Command {
	return &cli.Command{Name: "profile",
		Usage:     "measure functions that are programs, for their prediction",
		ArgsUsage: "SCENARIO", Description: profileDescription,
		Flags: append(bringUpFlags(s), formatFlag(), quietFlag(),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` that gets the profile"},
			&cli.StringFlag{Name: "results", Value: "results", Usage: "`DIRECTORY` that gets the run's directory"},
			&cli.IntFlag{Name: "chains", Usage: "execute the first `N` jobs only (default: all)"},
			choose(s, "model", "execution `MODEL` to measure under (default: in-function, or the scenario's first): %s",
				catalogue.Models),
			&cli.BoolFlag{Name: "keep", Usage: "leave the testbed up"},
			&cli.BoolFlag{
				Name:  "allow-disturbed",
				Usage: "end with 0 even if the host, or somebody, disturbed the run too much",
			}),
		Action: func(c *cli.Context) error { return runProfile(c, s) }}
}

const profileDescription = `Brings the scenario up, executes its jobs one after the other under one execution model,
and writes down what functions that are programs (section functions) took: their time by the
size of the argument, and the sizes of results and states. With profile: FILE in the scenario,
plans and predictions of all models are made of it.`

// profiled is what the command tells of a profile.
type profiled struct {
	File      string             `json:"file"`
	Directory string             `json:"directory"`
	About     profile.About      `json:"about"`
	Disturbed int                `json:"disturbed"` // chains, each time that they were made
	Functions []profile.Function `json:"functions"`
	key       string             // of the scenario, with which it is read
}

func runProfile(c *cli.Context, s *State) (err error) {
	form, err := format(c)
	if err != nil {
		return err
	}
	file := c.String("output")
	if file == "" {
		return usagef("name the file that gets the profile: testbed profile -o FILE SCENARIO")
	}
	if n := c.Int("chains"); c.IsSet("chains") && n < 1 {
		return usagef("--chains %d: want at least 1", n)
	}
	e, digest, options, err := toProfile(c, s)
	if err != nil {
		return err
	}
	if c.Bool("dry-run") {
		return dryRun(c, s, form, e, options)
	}
	host, bed, show, err := bringUp(c, s, e, options)
	if err != nil {
		return err
	}
	if !c.Bool("keep") {
		defer func() { err = errors.Join(err, removeAfterwards(host, options.Name)) }()
	}
	profiler := &run.Profiler{}
	outcome, err := profileOn(c, bed, e, profiler, show)
	for _, text := range outcome.Summary.Errors {
		_ = printf(s.Stderr, "failed: %s\n", text)
	}
	if err != nil {
		return err
	}
	if n := outcome.Failures(); n > 0 {
		return failedCheck("%s failed or lost state, so that no profile was written; %s has the details",
			printable.Count(n, "chain"), outcome.Dir)
	}
	told := &profiled{File: file, Directory: outcome.Dir, key: profileKey(c.Args().First(), file)}
	return writeProfile(c, s, told, profiler, e, digest)
}

// toProfile reads the scenario that the command names, and makes it that of its profiling run.
func toProfile(c *cli.Context, s *State) (*resolved.Scenario, string, emulator.UpOptions, error) {
	options := emulator.UpOptions{Name: c.String("name"), Runtime: c.String("runtime"), Fabric: c.String("fabric"),
		Image: c.String("image")}
	path, err := argument(c, "a scenario file")
	if err == nil {
		options.Machines, err = onMachines(c)
	}
	if err != nil {
		return nil, "", options, err
	}
	sc, err := load(s, path)
	if err != nil {
		return nil, "", options, err
	}
	digest, err := run.Profiled(sc, c.String("model"))
	if err != nil {
		return nil, "", options, usage(fmt.Errorf("%s: %w", path, err))
	}
	e, err := resolved.Prepare(sc)
	if err != nil {
		return nil, "", options, usage(err)
	}
	options.Name = cmp.Or(options.Name, sc.Name)
	if err := orchestrator.CheckName(options.Name); err != nil {
		return nil, "", options, usage(err)
	}
	e.KeepFirst(c.Int("chains"))
	return e, digest, options, emulator.CheckMemory(e)
}

// profileOn executes the jobs.
func profileOn(
	c *cli.Context, bed *emulator.Bed, e *resolved.Scenario, profiler *run.Profiler, show *progress,
) (*run.Outcome, error) {
	config := run.Config{Scenario: e, Results: c.String("results"), First: c.Int("chains")}
	config.Sinks = append(config.Sinks, profiler)
	end := follow(c.Context, &config, bed, show)
	defer end()
	return bed.Run(c.Context, config)
}

// writeProfile writes what was measured, and says what that is.
func writeProfile(c *cli.Context, s *State, told *profiled, from *run.Profiler, e *resolved.Scenario, digest string,
) error {
	manifest, err := record.ReadManifest(told.Directory)
	if err != nil {
		return err
	}
	name, _ := os.Hostname() // without one it is not said
	p, err := from.Profile(manifest, e.Source.Name, digest, name)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := p.Write(&text); err != nil {
		return err
	}
	if err := outdir.WriteFile(told.File, text.Bytes()); err != nil {
		return err
	}
	told.About, told.Functions, told.Disturbed = p.About, p.Functions, from.Disturbed()
	if c.String("format") == "json" {
		err = printJSON(s, told)
	} else {
		err = printProfile(s, told)
	}
	if v := manifest.Validity; v != nil && v.Verdict == record.Red && !c.Bool("allow-disturbed") {
		err = errors.Join(err, failedCheck("the run's verdict on itself is red: %s (--allow-disturbed takes it all the same)",
			v.Reasons[0]))
	}
	return err
}

// printProfile prints what functions took: of each the smallest and the largest argument.
func printProfile(s *State, told *profiled) error {
	t := newTable(s, "Function", "Invocations", "Argument", "Median", "P95", "Result", "States before", "after")
	bytes := func(n int64) string { return units.ByteSize(n).String() }
	for i := range told.Functions {
		f := &told.Functions[i]
		for k := range f.Inputs {
			if in := &f.Inputs[k]; k == 0 || k == len(f.Inputs)-1 {
				read, written := int64(0), int64(0)
				for _, state := range in.States {
					read, written = units.Add(read, state.Read), units.Add(written, state.Written)
				}
				t.AppendRow([]any{f.Name, in.Invocations, bytes(in.Argument), in.Duration.Median.Round(time.Microsecond),
					in.Duration.P95.Round(time.Microsecond), bytes(in.Result), bytes(read), bytes(written)})
			}
		}
	}
	t.Render()
	if told.Disturbed > 0 {
		_ = printf(s.Stdout, "%s disturbed by the host each time that they were made\n",
			printable.Counted(told.Disturbed, "chain", "was", "were"))
	}
	return printf(s.Stdout, "%s: %s under %s; write profile: %s in the scenario\n", told.File,
		printable.Count(told.About.Chains, "chain"),
		told.About.Model, told.key)
}

// profileKey is how a scenario's file names the file of a profile: relative to itself, unless that is absolute.
func profileKey(scenarioFile, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	file = scenario.Absolute(file)
	if relative, err := filepath.Rel(filepath.Dir(scenario.Absolute(scenarioFile)), file); err == nil {
		return filepath.ToSlash(relative)
	}
	return file // on another volume
}
