package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/catalogue"
	"testbed/emulator/experiment"
	"testbed/emulator/internal/shell"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
	"testbed/emulator/scenario"
)

// texts is the value of a flag that may be repeated and whose values may have commas.
type texts struct{ all []string }

// Set implements cli.Generic.
func (t *texts) Set(text string) error {
	t.all = append(t.all, text)
	return nil
}

// String implements cli.Generic.
func (t *texts) String() string { return "" }

// experimentFlags are those that make an experiment of a run.
func experimentFlags(s *State) []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{Name: "set", Value: &texts{},
			Usage: "vary a key of the scenario: `KEY=LEVEL,LEVEL`, such as topology.links.uplink.rate=10Mbps,40Mbps (may be " +
				"repeated; all combinations are executed)"},
		&cli.IntFlag{Name: "repeat", Value: 1,
			Usage: "execute each combination `N` times, each with jobs, clients and arrivals of its own"},
		&cli.BoolFlag{Name: "same-seed", Usage: "with --repeat: repetitions of the same jobs and arrivals"},
		&cli.StringFlag{Name: "order", Value: experiment.Random, Usage: "`ORDER` of execution: random or stated"},
		&cli.Uint64Flag{Name: "order-seed", Value: 1, Usage: "`SEED` of the random order"},
		&cli.StringFlag{Name: "engine",
			Usage: "`ENGINES` that execute, separated by commas: emulation, " +
				strings.Join(s.catalogue().Names(catalogue.Predictors), ", ") + " (default: all; predictors alone need no root)"},
		&cli.GenericFlag{Name: "figure", Value: &texts{},
			Usage: "draw `Y~X,COLOUR`, such as network_s~uplink,model (may be repeated; default: the latency against each key)"},
		&cli.StringFlag{Name: "into",
			Usage: "`DIRECTORY` of the experiment: what it has of the same cells is not executed again"},
	}
}

// isExperiment says whether a command line asks for an experiment.
func isExperiment(c *cli.Context) bool {
	for _, f := range []string{"set", "repeat", "same-seed", "order", "order-seed", "engine", "figure", "into"} {
		if c.IsSet(f) {
			return true
		}
	}
	path := c.Args().First()
	return c.NArg() == 1 && (experiment.IsDirectory(path) || experiment.IsFile(path))
}

// given is what a flag of texts was given.
func given(c *cli.Context, name string) []string {
	if t, ok := c.Generic(name).(*texts); ok {
		return t.all
	}
	return nil
}

// experimentSpec is what the command line says of an experiment, and the directory that it goes into; empty: a new one.
func experimentSpec(c *cli.Context, s *State) (spec experiment.Spec, dir string, err error) {
	path, err := argument(c, "a scenario file, an experiment file, or an experiment's directory")
	if err != nil {
		return spec, "", err
	}
	spec = experiment.Spec{Repeat: 1, Order: experiment.Random, Seed: 1,
		Engines: append([]string{experiment.Emulation}, s.catalogue().Names(catalogue.Predictors)...)}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir() && experiment.IsDirectory(path):
		if spec, err = experiment.Reopen(path); c.IsSet("into") {
			return spec, "", usagef("%s is an experiment's directory, and the experiment goes on in it: leave --into out", path)
		}
		dir = path
	case err == nil && info.IsDir():
		if path, err = resolved.Reproduce(path); err == nil {
			spec.File = path
			spec.Text, err = scenario.Read(path)
		}
	case experiment.IsFile(path):
		spec, err = experiment.ReadFile(path, spec)
	default:
		spec.File = path
		spec.Text, err = scenario.Read(path)
	}
	if err == nil {
		spec.File, err = filepath.Abs(spec.File)
	}
	if err != nil {
		return spec, "", usage(err)
	}
	if c.IsSet("into") {
		dir = c.String("into")
	}
	return spec, dir, usage(overrideSpec(c, &spec))
}

// overrideSpec puts what flags say into a specification. A key that it varies already gets the flag's levels.
func overrideSpec(c *cli.Context, spec *experiment.Spec) error {
	for _, text := range given(c, "set") {
		f, err := experiment.ParseFactor(text, "--set "+text)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(spec.Factors, func(known experiment.Factor) bool {
			return known.Key == f.Key || known.Name == f.Key
		})
		if at < 0 {
			spec.Factors = append(spec.Factors, f)
		} else {
			spec.Factors[at].Levels = f.Levels
		}
	}
	if c.IsSet("repeat") {
		spec.Repeat = c.Int("repeat")
	}
	if c.IsSet("same-seed") {
		spec.SameSeed = c.Bool("same-seed")
	}
	if c.IsSet("order") {
		spec.Order = c.String("order")
	}
	if c.IsSet("order-seed") {
		spec.Seed = c.Uint64("order-seed")
	}
	if c.IsSet("engine") {
		spec.Engines = enginesOf(c)
	}
	if all := given(c, "figure"); len(all) > 0 {
		spec.Figures = all
	}
	return nil
}

// enginesOf are those that --engine names.
func enginesOf(c *cli.Context) []string {
	return strings.Split(strings.ReplaceAll(c.String("engine"), " ", ""), ",")
}

// unusable are flags of run that an experiment has no use for.
var unusable = []string{"fail-if", "quantity", "steps", "keep"}

// runExperiment executes an experiment.
func runExperiment(c *cli.Context, s *State) error {
	form, err := format(c)
	if err != nil {
		return err
	}
	for _, name := range unusable {
		if c.IsSet(name) {
			return usagef("--%s is for a single run: `testbed compare` of the experiment's runs has it", name)
		}
	}
	spec, dir, err := experimentSpec(c, s)
	if err != nil {
		return err
	}
	show := newProgress(c, s)
	cells, err := resolveExperiment(c, s, &spec, show)
	if err != nil {
		return err
	}
	if c.Bool("dry-run") {
		return dryExperiment(s, form, dir, &spec, cells)
	}
	if dir == "" {
		dir = filepath.Join(c.String("output"), record.RunName(spec.Name+"-experiment", time.Now()))
	}
	config := experiment.Config{Spec: spec, Cells: cells, Dir: dir, Catalogue: s.catalogue(), Version: s.Version,
		Steps: true, Workers: workers(), Progress: experimentProgress(show, spec.Emulates())}
	outcome, err := executeExperiment(c, s, config, "testbed run "+shell.Quote(dir), show)
	if err != nil {
		return err
	}
	return concludeExperiment(c, s, form, outcome, len(cells))
}

// executeExperiment executes what is missing of an experiment; again is the command that goes on where it was
// interrupted.
func executeExperiment(
	c *cli.Context, s *State, config experiment.Config, again string, show *progress,
) (*experiment.Outcome, error) {
	left, err := experiment.Look(config.Dir, &config.Spec, config.Cells, config.Workers)
	if err != nil {
		return nil, err
	}
	if config.Emulates() && len(left.Found) < len(config.Cells) { // what is finished is presented again without root
		if err := needRoot(s); err != nil {
			return nil, err
		}
		if config.Executor, err = emulation(c, s, &config.Spec, config.Dir, config.Cells[0], show); err != nil {
			return nil, err
		}
	}
	outcome, err := experiment.Run(c.Context, config)
	show.clear()
	if err != nil {
		return nil, interruptedExperiment(c, again, config.Dir, err)
	}
	return outcome, nil
}

// resolveExperiment works out all cells, and refuses what is wrong with any before something is begun.
func resolveExperiment(c *cli.Context, s *State, spec *experiment.Spec, show *progress) ([]*experiment.Cell, error) {
	defer show.clear()
	base, _, err := scenario.Adapt(spec.Text, spec.File, s.catalogue())
	if err != nil {
		return nil, usage(err)
	}
	spec.Name = cmp.Or(spec.Name, base.Name)
	host := s.host()
	check := func(e *resolved.Scenario) error {
		return errors.Join(emulator.CheckMemory(e), host.Check(e))
	}
	cells, err := experiment.Resolve(c.Context, spec, s.catalogue(), check, func(done, total int) {
		show.often(func() []string { return []string{bar("checking", done, total) + " cells"} })
	})
	if err == nil {
		for _, text := range spec.Figures {
			if _, err = spec.ParseFormula(text, cells); err != nil {
				break
			}
		}
	}
	if errors.Is(err, experiment.ErrInput) {
		err = usage(err)
	}
	return cells, err
}

// interruptedExperiment adds how to go on.
func interruptedExperiment(c *cli.Context, again, dir string, err error) error {
	hint := fmt.Sprintf("what is finished is in %s; `%s` goes on", dir, again)
	if c.Context.Err() != nil {
		return &coded{error: err, code: ExitInterrupted, hint: hint}
	}
	if errors.Is(err, experiment.ErrInput) {
		return usage(err)
	}
	code, known := exitCode(err)
	if known != "" {
		hint = known + "; " + hint
	}
	return &coded{error: err, code: code, hint: hint}
}

// emulation is what executes the cells that are measured.
func emulation(
	c *cli.Context, s *State, spec *experiment.Spec, dir string, first *experiment.Cell, show *progress,
) (*emulator.Emulation, error) {
	sc, err := spec.Scenario(first, s.catalogue())
	if err != nil {
		return nil, err
	}
	mirror, err := mirrorOf(c, s, sc)
	if err != nil {
		return nil, err
	}
	on, err := onMachines(c)
	if err != nil {
		return nil, err
	}
	m := &emulator.Emulation{Host: s.host(), Origin: s.origin(), Verify: c.Bool("verify"), Reports: c.Bool("report"),
		Mirror: mirror, Own: c.String("name") == "", Options: emulator.UpOptions{Name: c.String("name"),
			Runtime: c.String("runtime"), Fabric: c.String("fabric"), Machines: on, Image: c.String("image")}}
	if m.Own {
		m.Options.Name = emulator.ExperimentName(sc.Name, dir)
	}
	m.Follow = func(ctx context.Context, config *run.Config, bed *emulator.Bed) func() {
		if !show.show {
			return follow(ctx, config, bed, &progress{}) // a line a cell is enough
		}
		return follow(ctx, config, bed, show)
	}
	return m, nil
}

// workers is how many cells are predicted at a time.
func workers() int { return runtime.GOMAXPROCS(0) }
