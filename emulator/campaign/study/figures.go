// Package study makes of a campaign's results what the study shows and says: its three figures, and its
// statements in words, each with a criterion and the numbers that decide it.
package study

import (
	"math"

	"testbed/emulator/campaign"
	"testbed/emulator/catalogue"
	"testbed/emulator/placement"
	"testbed/emulator/plan"
	"testbed/emulator/report/figures"
)

// megabyte turns bytes into MB, for people.
const megabyte = 1e6

// Figures are the study's figures 4, 5 and 6, of whatever loads, policies and models there are, and then the same in
// its own axes. 5 and 6 show the largest load under load+net. The catalogue says how models and policies look.
func Figures(r *campaign.Results, looks *catalogue.Catalogue) []*figures.Figure {
	traffic, latency := traffic(r), latency(r)
	all := []*figures.Figure{
		figures.Traffic(traffic), figures.Latency(latency), figures.Length(length(r)),
		figures.TrafficAsPublished(traffic), figures.LatencyAsPublished(latency), figures.LengthAsPublished(pooled(r)),
	}
	for _, f := range all {
		f.Looks = looks
	}
	return all
}

func traffic(r *campaign.Results) []figures.Curve {
	var curves []figures.Curve
	for _, policy := range r.Spec.Policies {
		for _, model := range r.Spec.Models {
			curve := figures.Curve{Model: string(model), Policy: string(policy), Points: loads(r, policy, model)}
			curves = append(curves, curve)
		}
	}
	return curves
}

func latency(r *campaign.Results) []figures.Curve {
	return each(r, func(_ int, _ placement.Policy, m plan.Model) []figures.Point { return r.Ranks(m) })
}

func length(r *campaign.Results) []figures.Curve {
	return each(r, func(_ int, _ placement.Policy, m plan.Model) []figures.Point { return lengths(r, m) })
}

// pooled is length with the chains of all replications taken together.
func pooled(r *campaign.Results) []figures.Curve {
	return each(r, func(jobs int, policy placement.Policy, m plan.Model) []figures.Point {
		var points []figures.Point
		for _, l := range r.Lengths(jobs, policy, m) {
			points = append(points, figures.Point{
				X: float64(l.Length), Y: l.Pooled, Low: math.NaN(), High: math.NaN(), Samples: l.Chains,
			})
		}
		return points
	})
}

// pointsOf are a curve's points.
type pointsOf func(jobs int, policy placement.Policy, m plan.Model) []figures.Point

// each makes a curve of each model, for the load and policy of figures 5 and 6.
func each(r *campaign.Results, points pointsOf) []figures.Curve {
	jobs, policy := r.Ranked()
	var curves []figures.Curve
	for _, m := range r.Spec.Models {
		curves = append(curves, figures.Curve{Model: string(m), Policy: string(policy), Points: points(jobs, policy, m)})
	}
	return curves
}
