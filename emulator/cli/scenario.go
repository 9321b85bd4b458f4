package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/internal/printable"
	"testbed/emulator/record"
	"testbed/emulator/resolved"
	"testbed/emulator/scenario"
)

// load reads a scenario, or that of a run whose directory is given, with the files that the run kept. What is wrong
// with it is the user's to mend: exit code 2; a run's that is not as it was is a check that failed.
func load(s *State, path string) (*scenario.Scenario, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path, err = resolved.Reproduce(path)
		if errors.Is(err, record.ErrAltered) {
			return nil, err
		}
		if err != nil {
			return nil, usage(err)
		}
	}
	sc, err := scenario.Load(path, s.catalogue())
	return sc, usage(err)
}

// prepare reads a scenario and works it out, and says on standard error what a user should know of it.
func prepare(s *State, path string) (*resolved.Scenario, error) {
	sc, err := load(s, path)
	if err != nil {
		return nil, err
	}
	e, err := resolved.Prepare(sc)
	if err != nil {
		return nil, usage(err)
	}
	for _, note := range e.Notes {
		_ = printf(s.Stderr, "note: %s\n", note)
	}
	return e, nil
}

func validateCommand(s *State) *cli.Command {
	return &cli.Command{Name: "validate", Usage: "check a scenario: every error at once, with its position and remedy",
		ArgsUsage: "SCENARIO", Flags: []cli.Flag{formatFlag(),
			&cli.BoolFlag{Name: "resolved", Usage: "print the scenario with all defaults resolved"}},
		Action: func(c *cli.Context) error {
			form, err := format(c)
			if err != nil {
				return err
			}
			path, err := argument(c, "a scenario file")
			if err != nil {
				return err
			}
			e, err := prepare(s, path)
			if err != nil {
				return reportErrors(s, form, err)
			}
			// Plans tell what only the models know, such as that external needs a cloud.
			for _, m := range e.Models {
				if _, err := e.Chains(m); err != nil {
					return reportErrors(s, form, usage(err))
				}
			}
			if err := e.CheckMemory(0); err != nil {
				return usage(err)
			}
			if err := emulator.CheckMemory(e); err != nil {
				_ = printf(s.Stderr, "note: `up` and `run` would be refused here: %v\n", err)
			}
			if c.Bool("resolved") {
				text, err := e.Source.Resolved()
				if err != nil {
					return err
				}
				_, err = s.Stdout.Write(text)
				return err
			}
			summary := summarize(e)
			if form == "json" {
				return printJSON(s, summary)
			}
			sample := ""
			if summary.Chains < summary.Jobs {
				sample = fmt.Sprintf(" (%d of them replayed)", summary.Chains)
			}
			err = printf(s.Stdout, "%s: ok: %s, %s, %s%s with %s, models %v\n",
				path, printable.Count(summary.Hosts, "host"), printable.Count(summary.Links, "link"),
				printable.Count(summary.Jobs, "job"), sample, printable.Count(summary.Invocations, "invocation"), summary.Models)
			if err != nil {
				return err
			}
			return printWritten(s, summary.Written)
		}}
}

// summary says in numbers what a scenario amounts to.
type summary struct {
	Name        string   `json:"name"`
	Hosts       int      `json:"hosts"`
	Links       int      `json:"links"`
	Cloud       bool     `json:"cloud"`
	Jobs        int      `json:"jobs"`
	Chains      int      `json:"chains"` // those of the jobs that are replayed
	Invocations int      `json:"invocations"`
	Models      []string `json:"models"`
	Policy      string   `json:"policy"`

	Written []writtenJob `json:"written,omitempty"` // the jobs that the scenario writes down
}

func summarize(e *resolved.Scenario) summary {
	sum := summary{Name: e.Source.Name, Hosts: len(e.Topology.Hosts()), Links: len(e.Topology.Links()),
		Cloud: e.Sites.Cloud >= 0, Jobs: len(e.Jobs), Chains: len(e.Sample), Models: e.Source.Models,
		Policy: e.Source.Placement.Policy, Written: writtenJobs(e)}
	for i := range e.Jobs {
		sum.Invocations += e.Jobs[i].Length()
	}
	return sum
}

// reportErrors prints a scenario's errors as JSON where that was asked for.
func reportErrors(s *State, form string, err error) error {
	var list scenario.Errors
	if form != "json" || !errors.As(err, &list) {
		return err
	}
	if err := printJSON(s, list); err != nil {
		return err
	}
	return &coded{error: errors.New(""), code: ExitUsage}
}

func schemaCommand(s *State) *cli.Command {
	return &cli.Command{Name: "schema", Usage: "print the JSON Schema of scenario files, for editors",
		Action: func(c *cli.Context) error {
			if err := none(c); err != nil {
				return err
			}
			_, err := s.Stdout.Write(scenario.Schema(s.catalogue()))
			return err
		}}
}
