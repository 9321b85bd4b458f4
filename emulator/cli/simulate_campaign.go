package cli

import (
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator/campaign"
	"testbed/emulator/campaign/study"
	"testbed/emulator/internal/printable"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/predict/statesim"
	"testbed/emulator/scenario"
)

// campaignFlags are those that only the engine statesim knows.
func campaignFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{
			Name: "paper",
			Usage: "run the study's whole campaign (without SCENARIO: on its own scenario), draw its figures and check " +
				"its statements",
		},
		&cli.IntSliceFlag{
			Name: "jobs",
			Usage: "statesim: `LOADS`, the numbers of jobs to draw on average, such as 100,200 (default: the " +
				"scenario's)",
		},
		&cli.IntFlag{Name: "replications", Value: 1, Usage: "statesim: `NUMBER` of seeds for each load (with --paper 200)"},
		&cli.Uint64Flag{Name: "seed", Usage: "statesim: first `SEED`; the others follow (default: the scenario's)"},
		&cli.StringSliceFlag{Name: "policies", Usage: "statesim: allocation `POLICIES` (default: load,load+net)"},
		&cli.StringSliceFlag{Name: "models", Usage: "statesim: execution `MODELS` (default: the scenario's)"},
		&cli.IntFlag{
			Name: "workers",
			Usage: "statesim: `NUMBER` of replications to simulate at a time; the results are the same " +
				"(default: one a core)",
		},
		&cli.StringFlag{
			Name:  "store",
			Value: string(campaign.Parquet),
			Usage: "statesim: `FORM` in which --output keeps the rows: parquet, or statesim for the published " +
				"simulator's own files",
		},
		&cli.StringSliceFlag{
			Name:  "assume",
			Usage: "statesim: take `ASSUMPTIONS` of the published simulator otherwise: " + assumptions(),
		},
		&cli.BoolFlag{
			Name: "vary",
			Usage: "with --paper: run the campaign once as published and once for each assumption taken otherwise, and print " +
				"what each does to the study's statements",
		},
		&cli.BoolFlag{Name: "resume", Usage: "statesim: go on with the campaign in --output instead of starting it anew"},
	}
}

// assume takes the assumptions of these names otherwise than published.
func assume(simulation *statesim.Config, names []string) error {
	for _, name := range names {
		if err := simulation.Assume(strings.TrimSpace(name)); err != nil {
			return err
		}
	}
	return nil
}

// campaignSimulation is the simulation of a scenario's campaign; what a user should know of it is printed.
func campaignSimulation(
	c *cli.Context, s *State, sc *scenario.Scenario, spec campaign.Spec,
) (statesim.Config, error) {
	simulation, notes, err := campaign.Simulation(sc)
	if err != nil {
		return simulation, err
	}
	if err := assume(&simulation, c.StringSlice("assume")); err != nil {
		return simulation, err
	}
	if _, err := simulation.Draw.Indexes(len(simulation.Pool), slices.Max(spec.Jobs), spec.Seed); err != nil {
		return simulation, fmt.Errorf("%w: lower --jobs, or write draw: replacement or share into the workload", err)
	}
	for _, note := range append(notes, smallPool(simulation, spec)...) {
		_ = printf(s.Stderr, "note: %s\n", note)
	}
	return simulation, nil
}

// simulateCampaign runs the published simulator.
func simulateCampaign(c *cli.Context, s *State) error {
	// A campaign lives for a second and makes little garbage: collecting it is a tenth of the work.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	form, store, err := campaignFormat(c)
	if err != nil {
		return err
	}
	if err := checkVary(c); err != nil {
		return err
	}
	if c.IsSet("state-access") {
		return usagef("--state-access is for --engine %s: the published simulator charges the client", defaultEngine(s))
	}
	sc, err := campaignScenario(c, s)
	if err != nil {
		return err
	}
	spec, err := campaignSpec(c, sc)
	if err != nil {
		return usage(err)
	}
	simulation, err := campaignSimulation(c, s, sc, spec)
	if err != nil {
		return usage(err)
	}
	if c.Bool("vary") {
		return varyStudy(c, s, form, campaign.Config{
			Spec: spec, Simulation: simulation, Scenario: sc.Name, Workers: c.Int("workers"),
		})
	}
	dir, err := campaignDir(c)
	if err != nil {
		return err
	}
	show := newProgress(c, s)
	config := campaign.Config{
		Spec:       spec,
		Simulation: simulation,
		Scenario:   sc.Name,
		Dir:        dir,
		Store:      store,
		Resume:     c.Bool("resume"),
		Workers:    c.Int("workers"),
		Progress: func(at campaign.Progress) {
			show.often(func() []string { return []string{campaignProgress(at)} })
		},
	}
	results, err := campaign.Run(c.Context, config)
	show.clear()
	if err != nil {
		return interruptedCampaign(c, dir, err)
	}
	if form == "table" {
		if err := printExecutors(s, &config); err != nil {
			return err
		}
	}
	if c.Bool("paper") {
		return presentStudy(s, form, dir, results)
	}
	return printCampaign(s, form, dir, results)
}

// printExecutors says who executes functions: one replication tells it, for the others differ in their jobs alone.
func printExecutors(s *State, c *campaign.Config) error {
	all, err := c.Executors()
	if err != nil {
		return err
	}
	for _, e := range all {
		printShares(s, e.Shares)
		_ = printf(s.Stdout, "Placed by %s: %s, those of seed %d\n", e.Policy, printable.Count(e.Jobs, "job"), e.Seed)
	}
	return nil
}

// campaignFormat is how to print, and how to store. --format statesim means --store statesim.
func campaignFormat(c *cli.Context) (form string, store campaign.Store, err error) {
	form = c.String("format")
	name := c.String("store")
	if _, err := campaign.ParseStore(form); err == nil {
		if c.IsSet("store") && name != form {
			return "", "", usagef("--format %s and --store %s contradict each other: write one of them", form, name)
		}
		form, name = "table", form
	}
	if form != "table" && form != "json" {
		return "", "", usagef("unknown format %q: write table or json", form)
	}
	store, err = campaign.ParseStore(name)
	return form, store, usage(err)
}

// campaignScenario is the one given, or the study's.
func campaignScenario(c *cli.Context, s *State) (*scenario.Scenario, error) {
	if c.Bool("paper") && c.NArg() == 0 {
		return study.Scenario(s.catalogue())
	}
	path, err := argument(c, "a scenario file")
	if err != nil {
		return nil, err
	}
	return load(s, path)
}

// campaignSpec is the scenario's own draw, or the study's campaign, with what the flags say instead.
func campaignSpec(c *cli.Context, sc *scenario.Scenario) (campaign.Spec, error) {
	spec := campaign.Study()
	if !c.Bool("paper") {
		jobs := max(sc.Workload.Jobs, sc.Workload.Instances(), 1)
		spec.Jobs, spec.Replications, spec.Seed, spec.Models = []int{jobs}, 1, *sc.Workload.Seed, nil
		for _, m := range sc.Models {
			spec.Models = append(spec.Models, plan.Model(m))
		}
		if sc.Workload.Jobs == 0 && !sc.Workload.Written() && !c.IsSet("jobs") {
			return spec, fmt.Errorf("the scenario %s says no number of jobs to draw: give one with --jobs", sc.Name)
		}
	}
	if c.IsSet("jobs") {
		spec.Jobs = c.IntSlice("jobs")
	}
	if c.IsSet("replications") {
		spec.Replications = c.Int("replications")
	}
	if c.IsSet("seed") {
		spec.Seed = c.Uint64("seed")
	}
	if c.IsSet("policies") {
		spec.Policies = words[placement.Policy](c.StringSlice("policies"))
	}
	if c.IsSet("models") {
		spec.Models = words[plan.Model](c.StringSlice("models"))
	}
	return spec, spec.Validate()
}

func words[T ~string](list []string) []T {
	values := make([]T, len(list))
	for i, w := range list {
		values[i] = T(strings.TrimSpace(w))
	}
	return values
}

// campaignDir is where the results go; --resume needs one.
func campaignDir(c *cli.Context) (string, error) {
	dir := c.String("output")
	switch {
	case dir == "" && c.Bool("paper"):
		dir = filepath.Join("results", "paper")
	case dir == "" && c.Bool("resume"):
		return "", usagef("--resume needs the campaign's directory: add --output DIRECTORY")
	case dir == "" && c.IsSet("store"):
		return "", usagef("--store needs a directory: add --output DIRECTORY")
	}
	return dir, nil
}

// smallPool warns of loads for which there are not jobs enough.
func smallPool(simulation statesim.Config, spec campaign.Spec) []string {
	var notes []string
	for _, jobs := range spec.Jobs {
		if pool := len(simulation.Pool); jobs > pool && !simulation.Draw.Exact() {
			notes = append(notes, fmt.Sprintf(
				"the workload has %s with state, and so have all replications for a load of %s", printable.Count(pool, "chain"),
				printable.Count(jobs, "job")))
		}
	}
	return notes
}

// campaignProgress is a bar.
func campaignProgress(at campaign.Progress) string {
	line := bar("simulate", at.Done, at.Total) + " replications"
	if at.Found > 0 {
		line += fmt.Sprintf(", %d of them before", at.Found)
	}
	return line
}

// interruptedCampaign adds how to go on to the error of a campaign that was interrupted.
func interruptedCampaign(c *cli.Context, dir string, err error) error {
	if c.Context.Err() == nil || dir == "" {
		return err
	}
	hint := fmt.Sprintf("they are kept in %s; the same command with --resume goes on", dir)
	return &coded{error: err, code: ExitInterrupted, hint: hint}
}
