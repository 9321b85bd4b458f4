package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator/compare"
	"testbed/emulator/internal/printable"
	"testbed/emulator/run"
)

// presentation is how results are to be shown, and what makes them a failure.
type presentation struct {
	format     string
	quantity   string
	steps      bool
	lengths    bool
	causes     bool
	conditions []compare.Condition
}

func wanted(c *cli.Context, s *State) (presentation, error) {
	form, err := format(c)
	if err != nil {
		return presentation{}, err
	}
	p := presentation{format: form, quantity: c.String("quantity"), steps: c.Bool("steps"), lengths: c.Bool("lengths")}
	switch p.quantity {
	case "total", "network", "processing":
	default:
		return p, usagef("unknown quantity %q: write total, network or processing", p.quantity)
	}
	for _, text := range c.StringSlice("fail-if") {
		condition, err := compare.ParseCondition(text, s.catalogue())
		if err != nil {
			return p, usage(fmt.Errorf("--fail-if: %w", err))
		}
		p.conditions = append(p.conditions, condition)
	}
	return p, nil
}

// printRun shows what a run measured as it was asked for. As JSON it is what `compare` prints of one run, which names
// the run's directory, also where there is nothing to compare.
func (p presentation) printRun(s *State, outcome *run.Outcome) error {
	if p.format == "json" && outcome.Run != nil {
		all := &compare.Comparison{Runs: []*compare.Run{outcome.Run}}
		return all.WriteJSON(s.exactOut())
	}
	if p.format == "json" || len(outcome.Reports) == 0 {
		return nil
	}
	if err := p.tables(s, outcome.Reports); err != nil || outcome.Run == nil {
		return err
	}
	return compare.WriteEdge(s.Stdout, outcome.Run.Edge)
}

func (p presentation) tables(s *State, reports []*compare.Report) error {
	if err := compare.WriteTable(s.Stdout, reports, p.quantity); err != nil {
		return err
	}
	for _, r := range reports {
		for _, part := range []struct {
			wanted bool
			write  func() error
		}{
			{p.lengths, func() error { return compare.WriteLengths(s.Stdout, r) }},
			{p.causes, func() error { return compare.WriteCauses(s.Stdout, r) }},
			{p.steps, func() error { return compare.WriteRoles(s.Stdout, r) }},
		} {
			if !part.wanted {
				continue
			}
			_ = printf(s.Stdout, "\n")
			if err := part.write(); err != nil {
				return err
			}
		}
	}
	if !p.causes {
		return nil
	}
	_ = printf(s.Stdout, "\n")
	for _, r := range reports {
		if err := compare.WriteVerdict(s.Stdout, r); err != nil {
			return err
		}
	}
	return nil
}

// printRuns shows several runs: each by itself, then side by side.
func (p presentation) printRuns(s *State, c *compare.Comparison) error {
	if p.format == "json" {
		return c.WriteJSON(s.exactOut())
	}
	for _, r := range c.Runs {
		if len(c.Runs) > 1 {
			_ = printf(s.Stdout, "%s\n", r.Directory)
		}
		if err := errors.Join(compare.WriteRemark(s.Stdout, r), p.tables(s, r.Reports),
			compare.WriteEdge(s.Stdout, r.Edge)); err != nil {
			return err
		}
		if r.Truncated {
			_ = printf(s.Stdout, "The samples' last line is cut off, as a crash leaves it.\n")
		}
		if r.StraySteps > 0 {
			_ = printf(s.Stdout, "Left out, as they do not follow their chain in the samples: %s.\n",
				printable.Count(r.StraySteps, "step"))
		}
		if len(c.Runs) > 1 {
			_ = printf(s.Stdout, "\n")
		}
	}
	if len(c.Runs) > 1 {
		return compare.WriteRuns(s.Stdout, c, p.quantity)
	}
	return nil
}

// judge fails where one of the conditions is true of a run.
func (p presentation) judge(r *compare.Run) error {
	return p.check(func(c compare.Condition) ([]compare.Violation, error) { return c.CheckRun(r) })
}

// judgeRuns fails where one of the conditions is true of a run, or between runs.
func (p presentation) judgeRuns(all *compare.Comparison) error {
	return p.check(func(c compare.Condition) ([]compare.Violation, error) { return c.CheckRuns(all) })
}

func (p presentation) check(one func(compare.Condition) ([]compare.Violation, error)) error {
	var found []string
	for _, condition := range p.conditions {
		violations, err := one(condition)
		if err != nil {
			return usage(err)
		}
		for _, v := range violations {
			found = append(found, v.String())
		}
	}
	if len(found) > 0 {
		return failedCheck("--fail-if: %s", strings.Join(found, "; "))
	}
	return nil
}
