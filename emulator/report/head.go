package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"testbed/emulator/compare"
	"testbed/emulator/record"
	"testbed/emulator/report/html"
	"testbed/emulator/report/run"
)

// scenarioName is the scenario's name and description, as far as the manifest has them.
func scenarioName(resolved json.RawMessage, fallback string) (name, description string) {
	var s struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	if json.Unmarshal(resolved, &s) != nil || s.Name == "" {
		s.Name = fallback
	}
	return s.Name, s.Description
}

// headline says in a sentence how the run ended.
func headline(r *run.Run) (good bool, text string) {
	total := sum(r.Manifest.Models)
	trouble := total.Failed + total.Lost
	switch m := r.Manifest; {
	case m.Exit == record.Running && m.End.IsZero():
		return false, "The run is under way, or was killed: what follows is what it had written."
	case m.Exit == record.Interrupted:
		return false, fmt.Sprintf("The run was interrupted after %s of %s chains.", thousands(int64(total.Done+trouble)), thousands(int64(total.Planned)))
	case m.Exit == record.Failed:
		return false, "The run failed: " + m.Error
	case trouble > 0:
		return false, fmt.Sprintf("%s of %s chains failed or lost state.", thousands(int64(trouble)), thousands(int64(total.Planned)))
	case total.Planned == 0:
		return false, "The run's manifest counts no chains."
	case m.Samples.Dropped > 0:
		return false, fmt.Sprintf("All %s chains came to their end, but %s samples could not be written.", thousands(int64(total.Done)), thousands(m.Samples.Dropped))
	}
	if total.Done == 1 {
		return true, "The only chain came to its end with its state intact."
	}
	return true, fmt.Sprintf("All %s chains came to their end with their state intact.", thousands(int64(total.Done)))
}

func sum(models []record.ModelCounts) (total record.ModelCounts) {
	for _, m := range models {
		total.Planned += m.Planned
		total.Done += m.Done
		total.Failed += m.Failed
		total.Lost += m.Lost
		total.NotRun += m.NotRun
		total.Late += m.Late
	}
	return total
}

// verdict says in sentences how well each engine predicts, from the numbers of the comparison.
func verdict(r *run.Run) []string {
	var out []string
	for _, report := range r.Reports {
		if text := strings.TrimSpace(outcomes(report) + " " + agreementOf(report)); text != "" {
			out = append(out, text)
		}
	}
	if len(r.Reports) > 0 && len(r.Reports[0].Order.Relations) > 0 {
		if r.Reports[0].Order.Holds {
			out = append(out, "The study's order of the models by network latency holds.")
		} else {
			out = append(out, "The study's order of the models by network latency does not hold in every relation; the table below has the numbers.")
		}
	}
	return out
}

// outcomes says for which models a prediction holds on average, as far as the comparison can tell.
func outcomes(report *compare.Report) string {
	by := map[compare.Outcome][]string{}
	for _, f := range report.Verdict.Findings {
		if f.Length == 0 {
			by[f.Outcome] = append(by[f.Outcome], string(f.Model))
		}
	}
	bound := fmt.Sprintf("%.3g %%", 100*report.Verdict.Within)
	var parts []string
	for _, o := range []struct {
		outcome compare.Outcome
		text    string
	}{{compare.Holds, "holds within " + bound + " of the mean for "}, {compare.Fails, "does not hold within " + bound + " for "},
		{compare.Open, "is undecided for "}, {compare.TooFew, "has too few chains for a verdict on "}} {
		if len(by[o.outcome]) > 0 {
			parts = append(parts, o.text+strings.Join(by[o.outcome], ", "))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "The prediction by " + report.Engine + " " + strings.Join(parts, "; it ") + "."
}

// agreementOf says within what part of the measured latency an engine is right.
func agreementOf(report *compare.Report) string {
	least, most, worst := math.Inf(1), 0.0, 0.0
	var beyond, paired []string
	for i := range report.Models {
		g := &report.Models[i]
		if g.Paired == 0 {
			continue
		}
		e := g.Total.Error
		least, most, worst = min(least, e.Median), max(most, e.Median), max(worst, e.P95)
		paired = append(paired, string(g.Model))
		if e.P95 > 0.1 {
			beyond = append(beyond, fmt.Sprintf("%s (%.0f %%)", g.Model, 100*e.P95))
		}
	}
	if len(paired) == 0 {
		return ""
	}
	text := fmt.Sprintf("Its median error chain by chain is %.2g %% to %.2g %% by execution model; ", 100*least, 100*most)
	if len(report.Verdict.Findings) == 0 {
		text = fmt.Sprintf("The prediction by %s has a median error chain by chain of %.2g %% to %.2g %% by execution model; ", report.Engine, 100*least, 100*most)
	}
	if len(paired) == 1 {
		text = fmt.Sprintf("The median error chain by chain of %s is %.2g %%; ", report.Engine, 100*most)
	}
	if len(beyond) == 0 {
		return text + fmt.Sprintf("95 %% of the chains are within %.2g %%.", 100*worst)
	}
	return text + "the 95th percentile is above 10 % for " + strings.Join(beyond, ", ") + "."
}

// counts are the numbers at the head.
func counts(r *run.Run) []html.Count {
	total := sum(r.Manifest.Models)
	out := []html.Count{{Value: thousands(int64(total.Done)), Label: "chains done"},
		{Value: thousands(int64(total.Failed)), Label: "failed", Bad: total.Failed > 0},
		{Value: thousands(int64(total.Lost)), Label: "lost state", Bad: total.Lost > 0}}
	if total.NotRun > 0 {
		out = append(out, html.Count{Value: thousands(int64(total.NotRun)), Label: "not run", Bad: true})
	}
	if total.Late > 0 {
		out = append(out, html.Count{Value: thousands(int64(total.Late)), Label: "started late", Bad: true})
	}
	out = append(out, html.Count{Value: thousands(r.Manifest.Samples.Written), Label: "samples of chains written"})
	if n := r.Manifest.Samples.Observed; n > 0 {
		out = append(out, html.Count{Value: thousands(n), Label: "of links and host"})
	}
	if d := r.Manifest.Samples.Dropped; d > 0 {
		out = append(out, html.Count{Value: thousands(d), Label: "samples not written", Bad: true})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Manifest.Mirrors)) {
		c := r.Manifest.Mirrors[name]
		out = append(out, html.Count{Value: thousands(c.Written), Label: "in " + name})
		if missing := c.Dropped + c.Pending + c.Rejected; missing > 0 {
			out = append(out, html.Count{Value: thousands(missing), Label: "not in " + name, Bad: true})
		}
	}
	return out
}

// facts say what was run, and on what.
func facts(r *run.Run) []html.Fact {
	m := r.Manifest
	out := []html.Fact{{Name: "Scenario", Value: m.File}, {Name: "Seed", Value: strconv.FormatUint(m.Seed, 10)},
		{Name: "Testbed", Value: m.Testbed}, {Name: "Program", Value: m.Version}, {Name: "Kernel", Value: m.Kernel},
		{Name: "Runtime", Value: m.Runtime}, {Name: "Fabric", Value: m.Fabric}, {Name: "Arrivals", Value: m.Arrival}, {Name: "Computation", Value: m.Compute},
		{Name: "Begun", Value: instant(m.Start)}, {Name: "Ended", Value: instant(m.End)}}
	if !m.Start.IsZero() && !m.End.IsZero() {
		out = append(out, html.Fact{Name: "Took", Value: m.End.Sub(m.Start).Round(10 * time.Millisecond).String()})
	}
	if h := &r.Host; h.Samples > 0 {
		out = append(out, html.Fact{Name: "Processors", Value: fmt.Sprintf("%d, busy %.0f %% on average", h.Processors, 100*h.MeanBusy)},
			html.Fact{Name: "CPU steal", Value: fmt.Sprintf("%.2g %% on average, %.2g %% at most", 100*h.MeanSteal, 100*h.MaxSteal)},
			html.Fact{Name: "Memory", Value: fmt.Sprintf("%.1f GB", float64(h.MemoryAll)/1e9)})
	} else {
		out = append(out, html.Fact{Name: "CPU steal", Value: "not sampled"})
	}
	if o := m.Overhead; o != nil {
		out = append(out, html.Fact{Name: "Empty function", Value: fmt.Sprintf("%.1f µs within a node, %.2f ms across the network (%d calls)", 1e6*o.Self, 1e3*o.Pair, o.Calls)})
	}
	for _, e := range r.Extra {
		out = append(out, html.Fact(e))
	}
	kept := out[:0]
	for _, f := range out {
		if f.Value != "" {
			kept = append(kept, f)
		}
	}
	return kept
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "not recorded"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// thousands groups digits in threes.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}
