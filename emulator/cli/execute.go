package cli

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"testbed/emulator"
	"testbed/emulator/influx"
	"testbed/emulator/internal/printable"
	"testbed/emulator/record"
	"testbed/emulator/report"
	"testbed/emulator/resolved"
	"testbed/emulator/run"
	"testbed/emulator/scenario"
)

// execute runs the workload on a testbed and shows what came of it. mirror is the database that gets the samples
// too; nil: none.
func execute(
	c *cli.Context, s *State, bed *emulator.Bed, e *resolved.Scenario, mirror *influx.Config, show *progress,
	p presentation,
) error {
	config := run.Config{Scenario: e, Results: c.String("output"),
		Fidelity: c.Bool("verify"), Mirror: mirror, Required: c.Bool("influx-required") || required(e.Source)}
	end := follow(c.Context, &config, bed, show)
	outcome, err := bed.Run(c.Context, config)
	end()
	err = errors.Join(err, p.printRun(s, outcome))
	for _, text := range outcome.Summary.Errors {
		_ = printf(s.Stderr, "failed: %s\n", text)
	}
	if outcome.Dir != "" {
		err = errors.Join(err, conclude(c, s, outcome, show, p.format == "table"))
	}
	if len(outcome.Reports) > 0 {
		err = errors.Join(err, p.judge(outcome.Run)) // whatever else has failed: a condition is not met by that
	}
	return err
}

// conclude says what besides the chains came of a run, and fails where something of that is not as wanted.
func conclude(c *cli.Context, s *State, outcome *run.Outcome, show *progress, table bool) error {
	var checks []error
	if n := outcome.Failures(); n > 0 {
		checks = append(checks, failedCheck("%s failed or lost state; %s has the details", printable.Count(n, "chain"),
			outcome.Dir))
	}
	for _, m := range outcome.Summary.Models {
		if line := lossLine(m.ModelCounts); table && line != "" {
			say(s, line)
		}
	}
	manifest, err := record.ReadManifest(outcome.Dir)
	if err != nil {
		return errors.Join(append(checks, err)...)
	}
	if failed := failedEvents(manifest.Events); failed > 0 {
		checks = append(checks, failedCheck("%s did not take effect; %s has the reasons",
			printable.Count(failed, "event"), filepath.Join(outcome.Dir, record.ManifestFile)))
	}
	checks = append(checks, incompleteCheck(outcome.Incomplete()), offCheck(s, outcome.Off))
	if v := manifest.Validity; v != nil && v.Verdict == record.Red && !c.Bool("allow-disturbed") {
		checks = append(checks, failedCheck("the run's verdict on itself is red: %s "+
			"(--allow-disturbed takes it all the same)", v.Reasons[0]))
	}
	if table {
		printShares(s, manifest.Placement)
		say(s, validityLines(manifest.Validity)...)
		say(s, manifest.Agreement.Lines()...)
		say(s, changedLines(manifest.Changed)...)
		say(s, fidelityLine(manifest.Fidelity), eventsLine(manifest.Events))
		say(s, movesLines(manifest.Events)...)
		if manifest.FidelityError != "" {
			say(s, "Links: not all could be measured: "+manifest.FidelityError)
		}
		if m := outcome.Mirror; m != nil {
			say(s, "Database: "+databaseLine(m.Name, m.Counts))
		}
		say(s, samplingLine(manifest.Sampling), "Results: "+outcome.Dir)
	}
	if c.Bool("report") && len(outcome.Reports) > 0 {
		show.at("making the report")
		made, err := report.Write(outcome.Dir, "", s.catalogue())
		show.clear()
		if err != nil {
			checks = append(checks, fmt.Errorf("making the report: %w", err))
		}
		if table && made != nil && made.Size > 0 {
			say(s, "Report: "+made.Page)
		}
	}
	return errors.Join(checks...)
}

// say prints lines that are not empty.
func say(s *State, lines ...string) {
	for _, line := range lines {
		if line != "" {
			_ = printf(s.Stdout, "%s\n", line)
		}
	}
}

// fidelityLine sums up how closely the links are as the scenario says.
func fidelityLine(all []record.Fidelity) string {
	if len(all) == 0 {
		return ""
	}
	within, delay, rate := 0, 0.0, 0.0
	for _, f := range all {
		if f.OK {
			within++
		}
		if f.Quantity == "rtt_s" {
			delay = max(delay, math.Abs(f.Measured-f.Target))
		} else if f.Quantity == "goodput_bps" { // no bound: a rate below one is not off
			rate = max(rate, math.Abs(f.Measured/f.Target-1))
		}
	}
	return fmt.Sprintf(
		"Links: %d of %s within tolerance; largest error %.2f ms of round trip, %.2f %% of rate",
		within, printable.Count(len(all), "measurement"), 1e3*delay, 100*rate)
}

// offCheck names the links that are off their targets, and fails as `testbed verify` does where there are any.
func offCheck(s *State, off []record.Fidelity) error {
	if len(off) == 0 {
		return nil
	}
	for _, f := range off {
		_ = printf(s.Stderr, "off its target: %s\n", run.OffTarget(f))
	}
	return failedCheck("%d of the links' measurements are off their targets; `testbed verify` measures more, "+
		"--verify=false none", len(off))
}

// samplingLine says how many samples of links and host are missing; nothing where none is.
func samplingLine(at *record.Sampling) string {
	if at == nil || at.Missed == 0 {
		return ""
	}
	line := fmt.Sprintf("Samples of links and host are missing of %s of %g s", printable.Count(at.Missed, "interval"),
		at.Interval)
	if at.Error != "" {
		line += ": " + at.Error
	}
	return line
}

// lossLine says what a model's states have lost; empty: nothing.
func lossLine(m record.ModelCounts) string {
	if m.StatesLost == 0 && m.WritesLost == 0 {
		return ""
	}
	return fmt.Sprintf("Lost, %s: %s not as they had to be, and %s gone", m.Model,
		printable.Counted(m.StatesLost, "state", "was", "were"),
		printable.Counted(m.WritesLost, "acknowledged write", "is", "are"))
}

// eventsLine sums up the events, and what others have changed.
func eventsLine(events []record.Event) string {
	others := 0
	for _, e := range events {
		if e.Origin != "" {
			others++
		}
	}
	line := ""
	if others < len(events) {
		line = scenarioEventsLine(events)
	}
	if others > 0 {
		if line != "" {
			line += "\n"
		}
		line += fmt.Sprintf("CHANGED BY OTHERS during the run, %s; the manifest's events have when and by whom",
			printable.Count(others, "time"))
	}
	return line
}

func scenarioEventsLine(events []record.Event) string {
	played, missed, changed, late := 0, 0, 0, 0.0
	for _, e := range events {
		switch {
		case e.Origin != "":
			changed++
		case e.Origin != "":
		case e.Missed:
			missed++
		case e.Error == "":
			played++
			if len(e.Moves) == 0 { // which last
				late = max(late, e.Actual-e.Scheduled)
			}
		}
	}
	line := fmt.Sprintf("Events: %d in force, the latest %.1f ms after its time", played, 1e3*late)
	if played+missed == 0 && changed > 0 {
		line = "Events: none of the scenario's"
	}
	if changed > 0 {
		line += fmt.Sprintf("; %s of the network by others meanwhile", printable.Count(changed, "change"))
	}
	if missed > 0 {
		line += fmt.Sprintf("; %d not reached, for a model's chains had ended before", missed)
	}
	if failed := failedEvents(events); failed > 0 {
		line += fmt.Sprintf("; %d FAILED", failed)
	}
	return line
}

func failedEvents(events []record.Event) int {
	failed := 0
	for _, e := range events {
		if e.Error != "" {
			failed++
		}
	}
	return failed
}

// eventLine is an event in one line.
func eventLine(e record.Event) string {
	what := strings.Join(e.What, ", ")
	switch {
	case e.Origin != "":
		return fmt.Sprintf("%s, by %s", what, e.Origin)
	case e.Error != "":
		return fmt.Sprintf("%s: %s: FAILED: %s", e.Model, what, e.Error)
	case e.Missed:
		return fmt.Sprintf("%s: %s (at %.3f s): not reached", e.Model, what, e.Scheduled)
	}
	return fmt.Sprintf("%s: %s at %.3f s (due %.3f s)", e.Model, what, e.Actual, e.Scheduled)
}

func required(sc *scenario.Scenario) bool { return sc.Influx != nil && sc.Influx.Required }
