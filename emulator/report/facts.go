package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testbed/emulator/plan"
	"testbed/emulator/report/html"
	"testbed/emulator/report/run"
	"time"
)

// counts are the numbers at the head.
func counts(r *run.Run) []html.Count {
	total := sum(r.Manifest.Models)
	out := []html.Count{
		{Value: thousands(int64(total.Done)), Label: "chains done"},
		{Value: thousands(int64(total.Failed)), Label: "failed", Bad: total.Failed > 0},
		{Value: thousands(int64(total.Lost)), Label: "lost state", Bad: total.Lost > 0},
	}
	if total.WritesLost > 0 {
		out = append(out, html.Count{Value: thousands(total.WritesLost), Label: "acknowledged writes lost", Bad: true})
	}
	if total.NotRun > 0 {
		out = append(out, html.Count{Value: thousands(int64(total.NotRun)), Label: "not run", Bad: true})
	}
	if total.Starts > 0 {
		out = append(out, html.Count{Value: thousands(int64(total.Starts)), Label: "cold starts"})
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

// facts say what was run, and on what. Those that are not known are left out.
func facts(r *run.Run) []html.Fact {
	m := r.Manifest
	out := []html.Fact{
		{Name: "Scenario", Value: m.File},
		{Name: "Seed", Value: strconv.FormatUint(m.Seed, 10)},
		{Name: "Testbed", Value: m.Testbed},
		{Name: "Program", Value: m.Version},
		{Name: "Kernel", Value: m.Kernel},
		{Name: "Runtime", Value: m.Runtime},
		{Name: "Fabric", Value: m.Fabric},
		{Name: "Arrivals", Value: m.Arrival},
		{Name: "Computation", Value: m.Compute},
		{Name: "State access", Value: stateAccess(m.StateAccess)},
		{Name: "Orchestration", Value: orchestration(m.Orchestration)},
		{Name: "Begun", Value: instant(m.Start)},
		{Name: "Ended", Value: instant(m.End)},
	}
	if !m.Start.IsZero() && !m.End.IsZero() {
		out = append(out, html.Fact{Name: "Took", Value: m.End.Sub(m.Start).Round(10 * time.Millisecond).String()})
	}
	out = append(out, hostFacts(&r.Host)...)
	if o := m.Overhead; o != nil {
		out = append(out, html.Fact{Name: "Empty function", Value: say("fact.empty-function", struct {
			Microseconds, Milliseconds float64
			Calls                      int
		}{1e6 * o.Self, 1e3 * o.Pair, o.Calls})})
	}
	out = append(out, html.Fact{Name: "Programs", Value: strings.Join(m.Agreement.Lines(), "; ")})
	for _, e := range r.Extra {
		out = append(out, html.Fact(e))
	}
	return slices.DeleteFunc(out, func(f html.Fact) bool { return f.Value == "" })
}

// stateAccess says who reads and writes states in repositories; empty: it is not known.
func stateAccess(who string) string {
	if who == "" {
		return ""
	}
	return say("fact.state-access", who)
}

// orchestration says who calls functions; empty: it is not known, or the models leave it to the client as ever.
func orchestration(who string) string {
	if who != string(plan.Chained) {
		return ""
	}
	return say("fact.orchestration", who)
}

// hostFacts are about the host's load while the run went on.
func hostFacts(h *run.HostLoad) []html.Fact {
	steal := html.Fact{Name: "CPU steal", Value: say("fact.steal", h)}
	if h.Samples == 0 {
		return []html.Fact{steal}
	}
	return []html.Fact{
		{Name: "Processors", Value: say("fact.processors", h)},
		steal,
		{Name: "Memory", Value: fmt.Sprintf("%.1f GB", float64(h.MemoryAll)/1e9)},
	}
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
