package report

import (
	"encoding/json"
	"math"
	"strings"

	"testbed/emulator/compare"
	"testbed/emulator/plan"
	"testbed/emulator/record"
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
	how, good := ending(r.Manifest, total)
	return good, say("headline."+how, struct {
		Planned, Done, Ended, Trouble, Dropped int
		Error                                  string
	}{total.Planned, total.Done, total.Done + trouble, trouble, int(r.Manifest.Samples.Dropped), r.Manifest.Error})
}

// ending is how a run ended, as the sentences about it are called, and whether it was without a loss.
func ending(m *record.Manifest, total record.ModelCounts) (how string, good bool) {
	switch {
	case m.Exit == record.Running && m.End.IsZero():
		return "running", false
	case m.Exit == record.Interrupted:
		return "interrupted", false
	case m.Exit == record.Failed:
		return "failed", false
	case total.Failed+total.Lost > 0:
		return "trouble", false
	case total.Planned == 0:
		return "none", false
	case m.Samples.Dropped > 0:
		return "dropped", false
	case total.Done == 1:
		return "one", true
	}
	return "all", true
}

func sum(models []record.ModelCounts) (total record.ModelCounts) {
	for _, m := range models {
		total.Planned += m.Planned
		total.Done += m.Done
		total.Failed += m.Failed
		total.Lost += m.Lost
		total.NotRun += m.NotRun
		total.Late += m.Late
		total.Starts += m.Starts
		total.StatesLost += m.StatesLost
		total.WritesLost += m.WritesLost
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
		out = append(out, say("verdict.order", r.Reports[0].Order))
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
	var parts []string
	for _, o := range []compare.Outcome{compare.Holds, compare.Fails, compare.Open, compare.TooFew} {
		if len(by[o]) > 0 {
			parts = append(parts, say("outcome."+string(o), struct {
				Within float64
				Models []string
			}{report.Verdict.Within, by[o]}))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return say("verdict.outcomes", struct {
		Engine string
		Parts  []string
	}{report.Engine, parts})
}

// agreed is within what part of the measured latency an engine is right: shares of it.
type agreed struct {
	Engine      string
	Introduced  bool // a sentence before has named the engine
	OneModel    bool
	Least, Most float64  // medians of the models
	Worst       float64  // 95th percentile
	Beyond      []string // models whose 95th percentile is above 10 %
}

// agreementOf says within what part of the measured latency an engine is right.
func agreementOf(report *compare.Report) string {
	a := agreed{Engine: report.Engine, Introduced: len(report.Verdict.Findings) > 0, Least: math.Inf(1)}
	paired := 0
	for i := range report.Models {
		g := &report.Models[i]
		if g.Paired == 0 {
			continue
		}
		paired++
		e := g.Total.Error
		a.Least, a.Most, a.Worst = min(a.Least, e.Median), max(a.Most, e.Median), max(a.Worst, e.P95)
		if e.P95 > 0.1 {
			a.Beyond = append(a.Beyond, say("beyond", struct {
				Model plan.Model
				P95   float64
			}{g.Model, e.P95}))
		}
	}
	if paired == 0 {
		return ""
	}
	a.OneModel = paired == 1
	return say("verdict.agreement", a)
}
