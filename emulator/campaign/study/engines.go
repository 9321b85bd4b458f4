package study

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"testbed/emulator/campaign"
	"testbed/emulator/catalogue"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/report/figures"
)

// Engine is what an engine says of the cells of a campaign: the emulation, or a predictor.
type Engine struct {
	Name    string // figures.Measured: the emulation
	Results *campaign.Results
}

// Judgement is what each engine says to a statement of the study.
type Judgement struct {
	Claim     string      `json:"claim"`
	Criterion string      `json:"criterion"`
	By        []Statement `json:"by"` // in the engines' order
	// Agreed says that all engines that can check the statement come to the same.
	Agreed bool `json:"agreed"`
}

// Judge lets each engine judge every statement.
func Judge(engines []Engine) []Judgement {
	all := make([]Judgement, len(checks))
	for i, c := range checks {
		all[i] = Judgement{Claim: c.claim, Criterion: c.criterion, Agreed: true}
	}
	for _, e := range engines {
		for i, s := range Statements(e.Results) {
			s.Engine = e.Name
			all[i].By = append(all[i].By, s)
		}
	}
	for i := range all {
		var verdicts []string
		for _, s := range all[i].By {
			if s.Missing == "" {
				verdicts = append(verdicts, s.Verdict())
			}
		}
		all[i].Agreed = len(slices.Compact(verdicts)) < 2
	}
	return all
}

// WriteJudgements writes a table of statements and engines in Markdown, and below it each engine's numbers.
func WriteJudgements(w io.Writer, all []Judgement) error {
	if len(all) == 0 {
		return nil
	}
	head, rule := "| the study states |", "|---|"
	for _, s := range all[0].By {
		head, rule = head+" "+s.Engine+" |", rule+"---|"
	}
	text := head + "\n" + rule + "\n"
	for _, j := range all {
		text += "| " + j.Claim + " |"
		for _, s := range j.By {
			text += " **" + s.Verdict() + "** |"
		}
		text += "\n"
	}
	for _, j := range all {
		text += fmt.Sprintf("\n**%s**\n\nCriterion (its thresholds are ours): %s.\n\n", j.Claim, j.Criterion)
		for _, s := range j.By {
			text += fmt.Sprintf("- %s: %s; %s\n", s.Engine, s.Verdict(), s.Reason())
		}
	}
	_, err := io.WriteString(w, text)
	return err
}

// Overlay are the study's figures with a series of each engine: figure 4 once for each policy, for the largest load
// that figures 5 and 6 show as well. The engines' campaigns have the same loads, policies and models.
func Overlay(engines []Engine, looks *catalogue.Catalogue) []*figures.Figure {
	if len(engines) == 0 {
		return nil
	}
	var all []*figures.Figure
	_, shown := engines[0].Results.Ranked()
	for _, policy := range engines[0].Results.Spec.Policies {
		f := figures.Traffic(overlaid(engines, func(e *Engine, m plan.Model) []figures.Point {
			return loads(e.Results, policy, m)
		}))
		f.Title += " under " + string(policy)
		if policy != shown {
			f.Name += "-" + string(policy)
		}
		all = append(all, f)
	}
	all = append(all, figures.Latency(overlaid(engines, func(e *Engine, m plan.Model) []figures.Point {
		return e.Results.Ranks(m)
	})), figures.Length(overlaid(engines, func(e *Engine, m plan.Model) []figures.Point {
		return lengths(e.Results, m)
	})))
	for _, f := range all {
		// Intervals of so many curves hide them; the points' files have them.
		f.Looks, f.ByPolicy, f.Told, f.Bars = looks, true, "engine", false
	}
	return all
}

// overlaid are the curves of all models and engines.
func overlaid(engines []Engine, points func(*Engine, plan.Model) []figures.Point) []figures.Curve {
	var curves []figures.Curve
	for _, m := range engines[0].Results.Spec.Models {
		for i := range engines {
			if p := points(&engines[i], m); len(p) > 0 {
				curves = append(curves, figures.Curve{Model: string(m), Policy: engines[i].Name, Points: p})
			}
		}
	}
	return curves
}

// loads are the mean traffic of a policy and model, in MB·hops, by load.
func loads(r *campaign.Results, policy placement.Policy, m plan.Model) []figures.Point {
	var points []figures.Point
	for _, jobs := range r.Spec.Jobs {
		samples := r.Samples(jobs, policy, m, func(m *campaign.Mean) float64 { return m.Traffic / megabyte })
		if len(samples) > 0 {
			points = append(points, figures.Mean(float64(jobs), samples))
		}
	}
	return points
}

// lengths are the mean network latencies of a model, in s, by length of chains, for the load and policy of figure 6.
func lengths(r *campaign.Results, m plan.Model) []figures.Point {
	jobs, policy := r.Ranked()
	var points []figures.Point
	for _, l := range r.Lengths(jobs, policy, m) {
		points = append(points, l.Network)
	}
	return points
}

// Disagreements are the claims of which the engines do not judge alike.
func Disagreements(all []Judgement) []string {
	var claims []string
	for _, j := range all {
		if !j.Agreed {
			claims = append(claims, strings.TrimSpace(j.Claim))
		}
	}
	return claims
}
